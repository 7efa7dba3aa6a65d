/// A file that counts no more: what mattered of it stands elsewhere, or its time is over. It waits
/// for the drop rule.
struct SpentFile: Sendable, Equatable {
  var file: LogFile
  /// Where its frames end.
  var end: UInt64 = 0
  /// On disk.
  var bytes: UInt64
  var frames: UInt64 = 0
  var messages: UInt64 = 0
}

extension SpentFile {
  init(_ segment: SegmentState) {
    self.init(
      file: segment.logFile, end: segment.end, bytes: segment.fileBytes, frames: segment.frames,
      messages: segment.messages)
  }

  init(_ dedup: DedupHeader) { self.init(file: .dedup(dedup.id), bytes: dedup.fileSize) }
}

// A compaction comes into force: when its record is durable, and again when that is folded.
extension LogState {
  /// Whether what lives in the inputs stands in the output.
  func isComplete(_ output: CompactionOutput) -> Bool {
    let inputs = holders(of: output.record.inputs)
    let live = inputs.reduce(0) { $0 + self[$1].liveCount }
    guard live > 0 else { return true }
    guard let cold = output.cold else { return false }
    var found: UInt64 = 0
    var walk = InputWalk(inputs)
    // What is lost again in the output is none.
    for index in 0..<cold.count where cold.isLive(at: index) {
      let sequence = cold.sequence(at: index)
      if let holder = walk.holder(of: sequence, in: self), self[holder].isLive(sequence) {
        found += 1
      }
    }
    return found == live
  }

  /// From here on what is left of the inputs stands in the output. What happened to a message since it
  /// was copied stays as it is, but for those to be restored: they live as they did then.
  mutating func apply(_ output: CompactionOutput, restoring restored: Set<Sequence> = []) {
    let record = output.record
    var inputs = holders(of: record.inputs)
    // A full scan knows the output from the start.
    inputs += cold.indices.filter { cold[$0].id == record.cold }.map {
      Holder(kind: .cold, index: $0)
    }
    let copied = output.cold.map { taking(its: inputs, $0, restoring: restored) }
    move(output.notes, from: record.inputs)
    // Before the inputs go: else their destinations' numbers would be given free.
    if let copied { hold(destinationsOf: copied) }
    remove(inputs, output: record.cold)
    if let id = record.cold { shadowed[id] = nil }
    if let copied { place(copied) }
    if let dedup = output.dedup { insert(dedup) }
    counters.nextCold = max(counters.nextCold, (record.cold ?? 0) + 1)
    counters.nextDedup = max(counters.nextDedup, (record.dedup ?? 0) + 1)
    forgetOldest()
  }

  mutating func insert(cold segment: SegmentState) {
    hold(destinationsOf: segment)
    place(segment)
  }

  private mutating func place(_ segment: SegmentState) {
    endedKept += segment.ended(from: dedupFloor)
    let at = cold.firstIndex { $0.id > segment.id } ?? cold.count
    cold.insert(segment, at: at)
  }

  mutating func insert(_ dedup: DedupHeader) {
    guard !dedups.contains(where: { $0.id == dedup.id }) else { return }
    endedKept += dedup.kept(from: dedupFloor)
    dedups.insert(dedup, at: dedups.firstIndex { $0.id > dedup.id } ?? dedups.count)
  }

  /// The window of everything in it is over, or it is forgotten early.
  mutating func removeDedup(at index: Int) {
    let gone = dedups.remove(at: index)
    endedKept = max(0, endedKept - gone.kept(from: dedupFloor))
    spent.append(SpentFile(gone))
  }

  /// Never the segment that is written to: a record in it can't mean itself.
  private func holders(of inputs: [CompactionRecord.Input]) -> [Holder] {
    inputs.compactMap { input in
      let index =
        input.kind == .wal
        ? segments.dropLast().firstIndex { $0.id == input.id }
        : cold.firstIndex { $0.id == input.id }
      return index.map { Holder(kind: input.kind, index: $0) }
    }
  }

  /// The output, with each message in the state that it has now.
  private func taking(
    its inputs: [Holder], _ copy: SegmentState, restoring restored: Set<Sequence>
  ) -> SegmentState {
    var copy = copy
    var walk = InputWalk(inputs)
    for index in 0..<copy.count where copy.isLive(at: index) {
      let sequence = copy.sequence(at: index)
      guard !restored.contains(sequence), let holder = walk.holder(of: sequence, in: self) else {
        continue
      }
      copy.take(sequence, from: self[holder])
    }
    return copy
  }

  private mutating func move(
    _ notes: [(sequence: Sequence, place: NotePlace)],
    from inputs: [CompactionRecord.Input]
  ) {
    let files = Set(inputs.map(\.file))
    for note in notes {
      // Nothing is added to inputs, so a place in them is the one that was copied, whatever happened to
      // the message since.
      guard var tried = attempts[note.sequence], let place = tried.note,
        files.contains(place.file)
      else { continue }
      tried.note = note.place
      attempts[note.sequence] = tried
    }
  }

  private mutating func remove(_ inputs: [Holder], output: UInt64?) {
    // From behind, so that the places of the others stay.
    for holder in inputs.sorted(by: { $0.index > $1.index }) {
      let gone = remove(holder)
      if holder.kind == .cold, gone.id == output { continue }
      spent.append(SpentFile(gone))
    }
  }

  /// A full scan found a message in the last segment of the log that stands in cold ones, too: there
  /// it counts no more. That it is dead is known from there.
  mutating func unite(_ sequence: Sequence) {
    for index in cold.indices where cold[index].holds(sequence) {
      let holder = Holder(kind: .cold, index: index)
      guard cold[index].isLive(sequence) else { continue }
      let isDead = cold[index].isParked(sequence)
      if !isDead { destinations.removeWaiting(cold[index].destination(of: sequence), 1) }
      self[holder].lose(sequence)
      shadowed[cold[index].id, default: []].insert(sequence)
      guard isDead else { continue }
      let last = segments.count - 1
      destinations.removeWaiting(segments[last].destination(of: sequence), 1)
      segments[last].park(sequence)
    }
  }

  /// The same of a newer cold segment, before it is inserted.
  mutating func shadow(by segment: SegmentState) {
    for index in 0..<segment.count where segment.isLive(at: index) {
      let sequence = segment.sequence(at: index)
      for other in cold.indices where cold[other].holds(sequence) {
        guard cold[other].isLive(sequence) else { continue }
        destinations.removeWaiting(cold[other].destination(of: sequence), 1)
        cold[other].lose(sequence)
        shadowed[cold[other].id, default: []].insert(sequence)
      }
    }
  }

  /// The end of a full scan: what counts elsewhere is as good as not there.
  mutating func forgetShadowed() {
    for index in cold.indices {
      guard let gone = shadowed[cold[index].id] else { continue }
      cold[index] = cold[index].without(gone)
    }
    shadowed = [:]
    countEndedKept()
  }

  /// What a cold segment says of a message, wherever it stands.
  mutating func apply(wait: DirectoryWait, note: NotePlace?) {
    guard state(of: wait.sequence) == .pending else { return }
    // What the log itself says of the same attempt is as good, or newer.
    if var known = attempts[wait.sequence], wait.attempts <= known.count {
      guard wait.attempts == known.count, known.note == nil, let note else { return }
      known.note = note
      attempts[wait.sequence] = known
      return
    }
    var entry = AttemptState(sequence: wait.sequence)
    entry.note = note
    entry.count = wait.attempts
    entry.status = wait.status
    entry.delayMs = wait.delayMs
    entry.dueAtMs = wait.dueAtMs
    attempts[wait.sequence] = entry
  }

  /// A message of a cold segment had ended before the log that stands was begun: its header counts
  /// it.
  mutating func endSilently(_ outcome: DirectoryOutcome, in holder: Holder) {
    guard outcome.kind != .dead, self[holder].isLive(outcome.sequence),
      !self[holder].isParked(outcome.sequence)
    else { return }
    destinations.removeWaiting(self[holder].destination(of: outcome.sequence), 1)
    self[holder].end(
      outcome.sequence,
      EndingKind(kind: outcome.kind, status: outcome.status, attempts: outcome.attempts))
    attempts[outcome.sequence] = nil
  }

  /// Live messages of a stretch that stand in cold segments.
  func liveInCold(from first: Sequence, to next: Sequence) -> UInt64 {
    var live: UInt64 = 0
    for segment in cold where segment.first < next && segment.next > first {
      for index in segment.firstIndex(from: first)..<segment.firstIndex(from: next)
      where segment.isLive(at: index) {
        live += 1
      }
    }
    return live
  }
}

/// Finds messages, asked for with ascending sequences, among the inputs of a compaction: on the
/// writer's thread, so that each is passed once.
private struct InputWalk {
  /// Ascending.
  private let wal: [Int]
  private let cold: [Int]
  private var position = 0

  init(_ inputs: [Holder]) {
    wal = inputs.filter { $0.kind == .wal }.map(\.index).sorted()
    cold = inputs.filter { $0.kind == .cold }.map(\.index)
  }

  /// One where it lives or has ended rather than one where it is lost.
  mutating func holder(of sequence: Sequence, in state: borrowing LogState) -> Holder? {
    while position < wal.count, state.segments[wal[position]].next <= sequence { position += 1 }
    var lost: Holder?
    if position < wal.count, state.segments[wal[position]].holds(sequence) {
      let holder = Holder(kind: .wal, index: wal[position])
      guard state.segments[holder.index].isLost(sequence) else { return holder }
      lost = holder
    }
    for index in cold where state.cold[index].holds(sequence) {
      let holder = Holder(kind: .cold, index: index)
      guard state.cold[index].isLost(sequence) else { return holder }
      lost = lost ?? holder
    }
    return lost
  }
}

extension SegmentState {
  /// A cold segment without some of its messages, none of which lives or has an ending.
  func without(_ gone: Set<Sequence>) -> SegmentState {
    var rest = self
    rest.removeMessages()
    for index in 0..<count {
      let sequence = sequence(at: index)
      guard !gone.contains(sequence) else { continue }
      rest.append(sparse: sequence, place: places[index])
      rest.take(sequence, from: self)
    }
    rest.messages = messages
    rest.close()
    return rest
  }

  /// A message of this segment, which is pending here, becomes what it is in another one.
  mutating func take(_ sequence: Sequence, from other: SegmentState) {
    if other.isLive(sequence) {
      if other.isParked(sequence) { park(sequence) }
    } else if let ending = other.ending(of: sequence) {
      end(sequence, ending)
    } else {
      lose(sequence)
    }
  }
}
