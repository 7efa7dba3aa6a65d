/// One pass over the inputs of a compaction.
final class CompactionPass {
  private let job: CompactionJob
  private let inputs: [SegmentState]
  private let inputSet: Set<CompactionRecord.Input>
  private let disk: any Disk
  private let pacer: any CompactionPacer
  private var cold: ColdWriter?
  private var dedup: DedupWriter?
  private var dedupFile: (any DiskFile)?
  private var lastSequence: Sequence = 0

  private var coldTemporary: String { FileNames.cold(job.coldID) + ".tmp" }
  private var dedupTemporary: String { FileNames.dedup(job.dedupID) + ".tmp" }

  init(
    _ job: CompactionJob, _ inputs: [SegmentState], on disk: any Disk,
    pacer: any CompactionPacer
  ) {
    self.job = job
    self.inputs = inputs
    inputSet = Set(inputs.map(\.asInput))
    self.disk = disk
    self.pacer = pacer
  }

  func compact() throws(CompactionStop) -> CompactionOutput {
    // Dense segments follow each other; each cold one runs beside them.
    let dense = inputs.filter { $0.kind == .wal }
    var sources = inputs.filter { $0.kind == .cold }.map { source([$0]) }
    if !dense.isEmpty { sources.append(source(dense)) }
    while let next = try nextSource(&sources), let message = next.message {
      try take(message, from: next)
      next.stepOver()
    }
    return try finish()
  }

  /// Nothing of the outputs stays; they have no name in the log yet.
  func discard() {
    for file in [cold?.file, dedupFile].compactMap(\.self) {
      // What stands under its final name may be somebody else's, for which it did not get it.
      let final = String(file.name.dropLast(4))
      let hasName = disk.isStill(file, under: final)
      file.close()
      try? disk.unlink(file.name)
      if hasName { try? disk.unlink(final) }
    }
    dedup = nil
  }

  private func source(_ segments: [SegmentState]) -> CompactionSource {
    CompactionSource(segments, of: job.store, on: disk, pacer: pacer)
  }

  /// The one whose message comes first; nil at the end of all.
  private func nextSource(
    _ sources: inout [CompactionSource]
  ) throws(CompactionStop) -> CompactionSource? {
    var best: CompactionSource?
    var ended: [CompactionSource] = []
    for source in sources {
      while source.message == nil {
        guard try source.nextFrame() else {
          ended.append(source)
          break
        }
        try takeStates(of: source)
      }
      guard let message = source.message else { continue }
      if let other = best?.message, other.sequence <= message.sequence { continue }
      best = source
    }
    sources.removeAll { source in ended.contains { $0 === source } }
    return best
  }
}

// MARK: Messages

extension CompactionPass {
  private func take(
    _ message: DirectoryMessage, from source: CompactionSource
  ) throws(CompactionStop) {
    let sequence = message.sequence
    guard sequence > lastSequence, let index = source.segment.index(of: sequence) else {
      throw source.refused("message \(sequence) is not where it should be")
    }
    lastSequence = sequence
    if source.segment.isLive(at: index) { return try copy(message, from: source) }
    guard let ending = source.segment.ending(of: sequence), ending.kind == .delivered,
      sequence >= job.dedupFloor,
      job.nowMs.subtractingCapped(message.acceptedAtMs) < job.dedupWindowMs
    else { return }
    try remember(
      DedupEntry(
        sequence: sequence, key: message.key, contentHash: message.contentHash,
        acceptedAtMs: message.acceptedAtMs, status: ending.status, attempts: ending.attempts))
  }

  private func copy(
    _ message: DirectoryMessage, from source: CompactionSource
  ) throws(CompactionStop) {
    let destination = source.segment.destination(of: message.sequence)
    guard let origin = job.origins[destination] else {
      throw source.refused("message \(message.sequence) goes nowhere")
    }
    let payload = try source.payload(of: message)
    try output { (cold) throws(CompactionError) in
      try cold.append(
        message, in: source.directory, destination: destination, origin: origin,
        payload: payload)
    }
    // Where its text stands in an input, the state is copied along with that.
    guard let tried = job.attempts[message.sequence], !isInInputs(tried.note) else { return }
    try copy(
      tried, isDead: source.segment.isParked(message.sequence), error: "")
  }

  private func remember(_ entry: DedupEntry) throws(CompactionStop) {
    do throws(DiskError) {
      if dedup == nil {
        let file = try ColdWriter.create(dedupTemporary, on: disk)
        dedupFile = file
        dedup = DedupWriter(
          file: file, id: job.dedupID, store: job.store, createdMs: job.nowMs)
      }
      try dedup?.append(entry)
    } catch {
      throw .failed(.output(error))
    }
  }

  private func output(
    _ body: (ColdWriter) throws(CompactionError) -> Void
  ) throws(CompactionStop) {
    do throws(CompactionError) {
      if let cold { return try body(cold) }
      let opened = try openCold()
      cold = opened
      try body(opened)
    } catch {
      throw .failed(error)
    }
  }

  private func openCold() throws(CompactionError) -> ColdWriter {
    var header = SegmentHeader(
      id: job.coldID, firstSequence: 1, createdMs: job.nowMs, store: job.store, salt: job.salt,
      firstFrameNumber: 1, totals: Totals(), predecessor: nil)
    header.kind = .cold
    return try ColdWriter(on: disk, name: coldTemporary, header: header, pacer: pacer)
  }
}

// MARK: What happened to messages

extension CompactionPass {
  /// What a frame says of messages that live on, or that stand in a file which is no input: without
  /// it a scan of everything would not know any more how they ended.
  private func takeStates(of source: CompactionSource) throws(CompactionStop) {
    guard let frame = source.frame else { return }
    let directory = source.directory
    let here = NotePlace(
      kind: source.segment.kind, segment: source.segment.id, frameOffset: frame.offset)
    for (index, note) in directory.notes.enumerated() {
      // The last one in the frame counts, also for a dead letter that got no text of its own.
      guard let tried = job.attempts[note.sequence], tried.note == here,
        !directory.notes[(index + 1)...].contains(where: { $0.sequence == note.sequence }),
        let holder = holder(of: note.sequence)
      else { continue }
      let text = try source.text(of: note)
      try copy(tried, isDead: holder.isParked(note.sequence), error: text)
    }
    for attempt in directory.attempts { try takeTried(attempt.sequence, attempt.count) }
    for wait in directory.waits { try takeTried(wait.sequence, wait.attempts) }
    for outcome in directory.outcomes { try take(outcome) }
  }

  /// A message elsewhere that was tried last as a frame of the inputs says.
  private func takeTried(_ sequence: Sequence, _ count: UInt32) throws(CompactionStop) {
    guard let tried = job.attempts[sequence], tried.count == count, !isInInputs(tried.note),
      let holder = job.others.holder(of: sequence), !holder.isParked(sequence)
    else { return }
    try copy(tried, isDead: false, error: "")
  }

  private func take(_ outcome: DirectoryOutcome) throws(CompactionStop) {
    let sequence = outcome.sequence
    guard let holder = job.others.holder(of: sequence) else { return }
    if holder.isLive(sequence) {
      guard outcome.kind == .dead, holder.isParked(sequence),
        let tried = job.attempts[sequence], !isInInputs(tried.note)
      else { return }
      return try copy(tried, isDead: true, error: "")
    }
    guard let ending = holder.ending(of: sequence), ending.kind == outcome.kind else { return }
    try output { (cold) throws(CompactionError) in
      try cold.append(
        OutcomeRecord(
          sequence: sequence, kind: ending.kind, attempts: ending.attempts,
          status: ending.status))
    }
  }

  private func copy(
    _ tried: AttemptState, isDead: Bool, error: String
  ) throws(CompactionStop) {
    try output { (cold) throws(CompactionError) in
      if isDead {
        try cold.append(
          OutcomeRecord(
            sequence: tried.sequence, kind: .dead, attempts: tried.count, status: tried.status,
            error: error), isTextless: tried.note == nil)
      } else {
        try cold.append(
          DirectoryWait(
            sequence: tried.sequence, attempts: tried.count, status: tried.status,
            delayMs: tried.delayMs, dueAtMs: tried.dueAtMs), error: error)
      }
    }
  }

  private func isInInputs(_ place: NotePlace?) -> Bool {
    guard let place else { return false }
    return inputSet.contains(CompactionRecord.Input(kind: place.kind, id: place.segment))
  }

  private func holder(of sequence: Sequence) -> SegmentState? {
    inputs.first { $0.holds(sequence) } ?? job.others.holder(of: sequence)
  }
}

// MARK: The end

extension CompactionPass {
  /// Written → synced → read back → renamed → directory synced.
  private func finish() throws(CompactionStop) -> CompactionOutput {
    var record = CompactionRecord(
      cold: cold.map { _ in job.coldID }, dedup: dedup == nil ? nil : job.dedupID,
      copied: cold?.count ?? 0, remembered: dedup?.count ?? 0, inputs: inputs.map(\.asInput))
    record.inputs.sort { ($0.kind.rawValue, $0.id) < ($1.kind.rawValue, $1.id) }
    do throws(CompactionError) {
      let header = try sync(record)
      let file = try readBack(record)
      // In this order: where the cold segment can be seen, its dedup file is durable.
      if header != nil { try name(dedupTemporary, FileNames.dedup(job.dedupID)) }
      if cold != nil { try name(coldTemporary, FileNames.cold(job.coldID)) }
      cold?.file.close()
      dedupFile?.close()
      return CompactionOutput(
        record: record, cold: file?.segment, notes: file?.notes ?? [], dedup: header)
    } catch {
      throw .failed(error)
    }
  }

  private func name(_ temporary: String, _ name: String) throws(CompactionError) {
    do throws(DiskError) { try disk.rename(temporary, toNew: name) } catch { throw .output(error) }
    do throws(DiskError) { try disk.syncDirectory() } catch { throw .namesUnknown(error) }
  }

  private func sync(_ record: CompactionRecord) throws(CompactionError) -> DedupHeader? {
    try cold?.finish(record)
    do throws(DiskError) {
      try cold?.file.sync()
      let header = try dedup?.finish()
      try dedupFile?.sync()
      return header
    } catch {
      throw .output(error)
    }
  }

  /// The inputs go when this says that nothing is missing.
  private func readBack(_ record: CompactionRecord) throws(CompactionError) -> ColdFile? {
    guard cold != nil else { return nil }
    let file: ColdFile
    do throws(ColdError) {
      file = try ColdFile.read(
        coldTemporary, id: job.coldID, store: job.store, on: disk, number: { number, _ in number })
    } catch {
      throw .unfaithful(error.description)
    }
    if let damage = file.segment.damage { throw .unfaithful(damage) }
    guard file.record == record, file.segment.messages == record.copied else {
      throw .unfaithful("\(file.segment.messages) of \(record.copied) messages")
    }
    return file
  }
}
