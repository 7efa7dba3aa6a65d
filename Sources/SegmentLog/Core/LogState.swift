/// The live state: the fold of the durable frames, in order. What a commit applies when it is
/// durable and what recovery reads off the disk go through the same four functions.
struct LogState {
  /// Ascending ids; the last one is the active one.
  var segments: [SegmentState] = []
  var destinations = DestinationTable()
  private(set) var attempts = AttemptTable()
  private(set) var index = UUIDIndex()
  private(set) var recent: RecentMessages
  private(set) var totals = Totals()
  private(set) var nextSequence: Sequence = 1
  private(set) var lastCommittedAtMs: UInt64 = 0
  /// The duplicate check forgets ended messages below this one.
  private(set) var dedupFloor: Sequence = 1
  /// Ended messages at or above `dedupFloor`, in segments or among the recent ones.
  private var endedKept = 0
  private let dedupMax: Int
  private let dedupWindowMs: UInt64
  /// The first message of the first segment that stood at the start, how many before it were not
  /// delivered or cancelled by then, and how many of those ended in frames that stand.
  private(set) var firstKept: Sequence = 1
  private(set) var liveBelow: UInt64 = 0
  private(set) var endedBelow: UInt64 = 0
  /// Messages of missing segments that have not ended.
  private(set) var lostOutside: UInt64 = 0
  /// What was found and nobody has accepted yet.
  var damage: [Damage] = []

  init(_ options: LogOptions) {
    dedupMax = options.dedupMax
    dedupWindowMs = options.dedupWindowMs
    recent = RecentMessages(capacity: options.recentMax)
  }

  /// The sequence of a message's segment among `segments`; nil when none holds it.
  func segmentIndex(of sequence: Sequence) -> Int? {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].first <= sequence { low = middle + 1 } else { high = middle }
    }
    guard low > 0, segments[low - 1].holds(sequence) else { return nil }
    return low - 1
  }

  func state(of sequence: Sequence) -> RecordStatus.State? {
    guard let index = segmentIndex(of: sequence) else { return nil }
    if segments[index].isLive(sequence) {
      return segments[index].isParked(sequence) ? .dead : .pending
    }
    switch segments[index].ending(of: sequence)?.kind {
    case .delivered: return .delivered
    case .cancelled: return .cancelled
    case .dead, nil: return nil
    }
  }
}

// MARK: The fold

extension LogState {
  /// The accounting that stands in the first kept segment's header, and the numbers that follow.
  mutating func begin(totals: Totals, nextSequence: Sequence) {
    self.totals = totals
    // Dead ones are counted where they stand.
    self.totals.dead = 0
    self.nextSequence = nextSequence
    firstKept = nextSequence
    dedupFloor = nextSequence
    liveBelow = totals.pending + totals.dead
  }

  mutating func advance(committedAtMs: UInt64) {
    lastCommittedAtMs = max(lastCommittedAtMs, committedAtMs)
  }

  /// A destination's number as the last segment's frames use it.
  mutating func define(number: UInt32, id: UInt32) {
    destinations.use(again: id)
    segments[segments.count - 1].define(number, id: id)
  }

  /// The next message, into the last segment. `place` is the destination's in that segment;
  /// `collect` lets the index drop what nobody asks for any more when it needs room.
  mutating func apply(
    messageKey key: UUIDKey, contentHash: UInt64, acceptedAtMs: UInt64, place: UInt32,
    collect: Bool
  ) {
    let last = segments.count - 1
    if segments[last].count == 0 { segments[last].moveStart(to: nextSequence) }
    let sequence = nextSequence
    recent.insert(
      RecentMessages.Entry(
        sequence: sequence, key: key, contentHash: contentHash, acceptedAtMs: acceptedAtMs))
    segments[last].append(place: place)
    destinations.addWaiting(segments[last].destinations[Int(place)].id, 1)
    if collect && index.isFull(for: key) { collectIndex(for: key) }
    index.insert(key, sequence)
    totals.accepted += 1
    nextSequence += 1
  }

  private mutating func collectIndex(for key: UUIDKey) {
    var taken = UUIDIndex.placeholder
    swap(&taken, &index)
    taken.makeRoom(for: key) { isForgotten($0) }
    swap(&taken, &index)
  }

  /// A segment that is begun (or found).
  mutating func append(_ segment: SegmentState) {
    segments.append(segment)
    segments[segments.count - 1].moveStart(to: nextSequence)
  }

  /// Messages up to (not with) `next` stood in what can't be read of the last segment.
  mutating func skipLost(to next: Sequence) {
    let lost = next - nextSequence
    let last = segments.count - 1
    if segments[last].count == 0 { segments[last].moveStart(to: nextSequence) }
    segments[last].appendLost(Int(lost))
    endedKept += Int(lost)
    totals.accepted += lost
    nextSequence = next
  }

  /// Numbers up to (not with) `next` were given in segments that are missing; `counted` of them, as
  /// far as is known, to messages.
  mutating func skipMissing(to next: Sequence, counted: UInt64) {
    let missing = min(counted, next - nextSequence)
    totals.accepted += missing
    lostOutside += missing
    nextSequence = next
  }

  /// Numbers that may have been given, though nobody knows: never given again, not counted.
  mutating func reserve(to next: Sequence) { nextSequence = max(nextSequence, next) }

  /// A count lower than what is known is old news.
  mutating func apply(attempt: DirectoryAttempt, committedAtMs: UInt64, note: NotePlace?) {
    guard state(of: attempt.sequence) == .pending else { return }
    var entry = attempts[attempt.sequence] ?? AttemptState(sequence: attempt.sequence)
    guard attempt.count >= entry.count else { return }
    entry.count = attempt.count
    entry.status = attempt.status
    entry.delayMs = attempt.delayMs
    entry.dueAtMs = committedAtMs.addingCapped(UInt64(attempt.delayMs))
    entry.note = note
    attempts[attempt.sequence] = entry
  }

  mutating func apply(outcome: DirectoryOutcome, note: NotePlace?) {
    let sequence = outcome.sequence
    guard let index = segmentIndex(of: sequence) else {
      applyElsewhere(outcome)
      return
    }
    let kind = EndingKind(
      kind: outcome.kind, status: outcome.status, attempts: outcome.attempts)
    let live = segments[index].isLive(sequence)
    let dead = live && segments[index].isParked(sequence)
    switch outcome.kind {
    case .dead:
      guard live, !dead else { return }
      destinations.removeWaiting(segments[index].destination(of: sequence))
      segments[index].park(sequence)
      // Without a text of its own the last attempt's stands for the reason.
      let lastNote = attempts[sequence]?.note
      var entry = AttemptState(sequence: sequence)
      entry.count = outcome.attempts
      entry.status = outcome.status
      entry.note = note ?? lastNote
      attempts[sequence] = entry
      totals.dead += 1
    case .delivered, .cancelled:
      // A lost message ends too: its number is known, only its bytes are gone.
      guard live || segments[index].ending(of: sequence) == nil else { return }
      if live && !dead {
        destinations.removeWaiting(segments[index].destination(of: sequence))
      }
      segments[index].end(sequence, kind)
      recent.end(sequence, kind)
      attempts[sequence] = nil
      if dead { totals.dead -= 1 }
      count(ended: outcome.kind)
      if live && sequence >= dedupFloor {
        endedKept += 1
        forgetOldest()
      }
    }
  }

  /// Of the controls one changes the accounting: messages without known numbers were given up.
  mutating func apply(control: ControlRecord) {
    guard let lost = control.lostCount else { return }
    let below = min(lost, liveBelow.subtractingCapped(endedBelow))
    let outside = min(lost - below, lostOutside)
    endedBelow += below
    lostOutside -= outside
    totals.cancelled += below + outside
  }

  /// Of a message that stands nowhere any more: in a segment that was dropped, or is missing.
  private mutating func applyElsewhere(_ outcome: DirectoryOutcome) {
    guard outcome.kind != .dead else { return }
    if outcome.sequence < firstKept {
      guard endedBelow < liveBelow else { return }
      endedBelow += 1
      count(ended: outcome.kind)
    } else if outcome.sequence < nextSequence, lostOutside > 0 {
      lostOutside -= 1
      count(ended: outcome.kind)
    }
  }

  private mutating func count(ended kind: OutcomeKind) {
    if kind == .delivered { totals.delivered += 1 } else { totals.cancelled += 1 }
  }
}

// MARK: Forgetting

extension LogState {
  /// Whether the duplicate check has no use for a sequence any more.
  func isForgotten(_ sequence: Sequence) -> Bool {
    guard let index = segmentIndex(of: sequence) else {
      guard sequence >= dedupFloor, let entry = recent[sequence] else { return true }
      return isOver(entry.acceptedAtMs)
    }
    if segments[index].isLive(sequence) { return false }
    guard sequence >= dedupFloor, let last = segments[index].lastAtMs else { return true }
    return isOver(last)
  }

  private func isOver(_ acceptedAtMs: UInt64) -> Bool {
    acceptedAtMs.addingCapped(dedupWindowMs) < lastCommittedAtMs
  }

  /// Keeps at most `dedupMax` ended ones.
  private mutating func forgetOldest() {
    forgetUnremembered()
    while endedKept > dedupMax {
      if dedupFloor < segments[0].first {
        dedupFloor += 1
        endedKept -= 1
        continue
      }
      guard let index = segments.firstIndex(where: { $0.next > dedupFloor && $0.count > 0 }) else {
        endedKept = 0
        return
      }
      dedupFloor = max(dedupFloor, segments[index].first)
      if let ended = segments[index].firstEnded(from: dedupFloor) {
        dedupFloor = ended + 1
        endedKept -= 1
      } else {
        dedupFloor = segments[index].next
      }
    }
  }

  /// What stands in no segment is known only while it is among the recent ones.
  private mutating func forgetUnremembered() {
    let known = min(segments[0].first, recent.oldest(before: nextSequence))
    guard dedupFloor < known else { return }
    endedKept = max(0, endedKept - Int(known - dedupFloor))
    dedupFloor = known
  }

  /// A segment without records makes room for the one that takes its place.
  mutating func removeLastSegment() {
    let gone = segments.removeLast()
    for destination in gone.destinations { destinations.release(destination.id) }
  }

  /// The first segment's file is gone; all of its messages have ended.
  mutating func removeFirstSegment() {
    let gone = segments.removeFirst()
    for destination in gone.destinations { destinations.release(destination.id) }
    forgetUnremembered()
  }
}

extension UInt64 {
  func addingCapped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
  func subtractingCapped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
