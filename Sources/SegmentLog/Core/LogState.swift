/// The live state: the fold of the durable frames, in order. What a commit applies when it is
/// durable and what recovery reads off the disk go through the same four functions.
struct LogState {
  /// Of the log. Ascending ids; the last one is the active one.
  var segments: [SegmentState] = []
  /// What compactions left of others. Ascending ids.
  var cold: [SegmentState] = []
  /// What is known of delivered messages whose segments are gone. Ascending ids.
  var dedups: [DedupHeader] = []
  /// In a full scan, by cold segment: messages that stand elsewhere, too, and count there.
  var shadowed: [UInt64: Set<Sequence>] = [:]
  /// Files that count no more and wait for the drop rule.
  var spent: [SpentFile] = []
  var destinations = DestinationTable()
  var attempts = AttemptTable()
  var index = UUIDIndex()
  var recent: RecentMessages
  var counters = LogCounters()
  /// Ended messages at or above `dedupFloor`, in segments and dedup files.
  var endedKept = 0
  let dedupMax: Int
  let dedupWindowMs: UInt64
  /// The first message of the first segment that stood at the start, how many before it were not
  /// delivered or cancelled by then, and how many of those ended in frames that stand.
  private(set) var firstKept: Sequence = 1
  private(set) var liveBelow: UInt64 = 0
  private(set) var endedBelow: UInt64 = 0
  /// Of files that are missing, or that can't be read at all: how many messages stood there that have
  /// not ended. Until they are given up.
  var missing = StandingFiles()
  /// What was found and nobody has accepted yet.
  var damage: [Damage] = []
  /// Messages that have not ended and were found unreadable, by a check of bodies: they wait on.
  var unreadable: Set<Sequence> = []

  init(_ options: LogOptions) {
    dedupMax = options.dedupMax
    dedupWindowMs = options.dedupWindowMs
    recent = RecentMessages(capacity: options.recentMax)
  }

  /// From a checkpoint whose parts fit together. The UUID index is empty: see `remember`.
  init(_ checkpoint: Checkpoint, _ options: LogOptions) {
    self.init(options)
    counters = checkpoint.counters
    segments = checkpoint.segments
    cold = checkpoint.cold
    dedups = checkpoint.dedups
    attempts = checkpoint.attempts
    damage = checkpoint.damage
    firstKept = 1
    for definition in checkpoint.destinations {
      let id = destinations.use(
        definition.origin, wanted: definition.id, limit: DestinationTable.numbersMax)
      precondition(id == definition.id, "numbers and origins were checked to be unique")
    }
    for segment in segments + cold { hold(destinationsOf: segment) }
    for definition in checkpoint.destinations { destinations.release(definition.id) }
    countEndedKept()
  }

  var totals: Totals { counters.totals }
  var nextSequence: Sequence { counters.nextSequence }
  var lastCommittedAtMs: UInt64 { counters.lastCommittedAtMs }
  var dedupFloor: Sequence { counters.dedupFloor }

  /// A segment comes: what waits in it counts, and its destinations' numbers stay.
  mutating func hold(destinationsOf segment: SegmentState) {
    for destination in segment.destinations {
      destinations.use(again: destination.id)
      destinations.addWaiting(destination.id, UInt64(destination.waiting))
    }
  }

  mutating func release(destinationsOf segment: SegmentState) {
    for destination in segment.destinations {
      destinations.removeWaiting(destination.id, UInt64(destination.waiting))
      destinations.release(destination.id)
    }
  }
}

// MARK: The fold

extension LogState {
  /// The accounting that stands in the first kept segment's header, and the numbers that follow.
  mutating func begin(totals: Totals, nextSequence: Sequence) {
    counters.totals = totals
    // Dead ones are counted where they stand.
    counters.totals.dead = 0
    counters.nextSequence = nextSequence
    firstKept = nextSequence
    counters.dedupFloor = nextSequence
    liveBelow = totals.pending + totals.dead
  }

  mutating func advance(committedAtMs: UInt64) {
    counters.lastCommittedAtMs = max(lastCommittedAtMs, committedAtMs)
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
    counters.totals.accepted.add(capped: 1)
    counters.nextSequence += 1
  }

  private mutating func collectIndex(for key: UUIDKey) {
    var taken = UUIDIndex.placeholder
    swap(&taken, &index)
    withForgotten { isForgotten in taken.makeRoom(for: key, isForgotten) }
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
    counters.totals.accepted.add(capped: lost)
    counters.nextSequence = next
  }

  /// Numbers up to (not with) `next` were given in segments that are missing; `counted` of them, as
  /// far as is known, to messages.
  mutating func skipMissing(to next: Sequence, counted: UInt64) {
    let missing = min(counted, next - nextSequence)
    counters.totals.accepted.add(capped: missing)
    counters.lostOutside.add(
      capped: missing.subtractingCapped(liveInCold(from: nextSequence, to: next)))
    counters.nextSequence = next
  }

  /// Numbers that may have been given, though nobody knows: never given again, not counted.
  mutating func reserve(to next: Sequence) { counters.nextSequence = max(nextSequence, next) }

  /// A count lower than what is known is old news.
  mutating func apply(attempt: DirectoryAttempt, committedAtMs: UInt64, note: NotePlace?) {
    guard state(of: attempt.sequence) == .pending else {
      return adopt(note, ofDead: attempt.sequence)
    }
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
    guard let holder = holder(of: sequence) else {
      applyElsewhere(outcome)
      return
    }
    let kind = EndingKind(
      kind: outcome.kind, status: outcome.status, attempts: outcome.attempts)
    let live = self[holder].isLive(sequence)
    let dead = live && self[holder].isParked(sequence)
    switch outcome.kind {
    case .dead:
      guard live else { return }
      guard !dead else {
        adopt(note, ofDead: sequence)
        return
      }
      destinations.removeWaiting(self[holder].destination(of: sequence), 1)
      self[holder].park(sequence)
      // Without a text of its own the last attempt's stands for the reason.
      let lastNote = attempts[sequence]?.note
      var entry = AttemptState(sequence: sequence)
      entry.count = outcome.attempts
      entry.status = outcome.status
      entry.note = note ?? lastNote
      attempts[sequence] = entry
      counters.totals.dead += 1
    case .delivered, .cancelled:
      // A lost message ends too: its number is known, only its bytes are gone.
      guard live || self[holder].ending(of: sequence) == nil else { return }
      if live && !dead {
        destinations.removeWaiting(self[holder].destination(of: sequence), 1)
      }
      self[holder].end(sequence, kind)
      if !unreadable.isEmpty { unreadable.remove(sequence) }
      // It was accepted before the first segment that stands was begun.
      if live && sequence < firstKept { endedBelow += 1 }
      recent.end(sequence, kind)
      attempts[sequence] = nil
      if dead { counters.totals.dead -= 1 }
      count(ended: outcome.kind)
      if live && sequence >= dedupFloor {
        endedKept += 1
        forgetOldest()
      }
    }
  }

  /// A full scan may know from a cold segment that a message is dead before the frames with its texts
  /// come.
  private mutating func adopt(_ note: NotePlace?, ofDead sequence: Sequence) {
    guard let note, var known = attempts[sequence], state(of: sequence) == .dead else { return }
    known.note = note
    attempts[sequence] = known
  }

  /// A cold segment says that a dead message has no text, so that of an earlier attempt, which may
  /// stand there yet, is not its reason.
  mutating func forgetNote(ofDead sequence: Sequence) {
    guard var known = attempts[sequence], state(of: sequence) == .dead else { return }
    known.note = nil
    attempts[sequence] = known
  }

  /// Of the controls one changes the accounting: messages without known numbers were given up.
  mutating func apply(control: ControlRecord) {
    if let lost = control.lostCount { giveUp(lost) }
  }

  /// So many messages that have not ended stand nowhere, wherever they stood: as in a state that came
  /// from a checkpoint.
  mutating func openElsewhere(_ count: UInt64) {
    counters.lostOutside = count
    (firstKept, liveBelow, endedBelow) = (1, 0, 0)
  }

  mutating func closeLosses(_ lost: UInt64) {
    let below = min(lost, liveBelow.subtractingCapped(endedBelow))
    endedBelow += below
    counters.lostOutside -= min(lost - below, counters.lostOutside)
    counters.totals.cancelled.add(capped: lost)
  }

  /// Of a message that stands nowhere any more: in a segment that was dropped, or is missing.
  private mutating func applyElsewhere(_ outcome: DirectoryOutcome) {
    guard outcome.kind != .dead else { return }
    if outcome.sequence < firstKept {
      guard endedBelow < liveBelow else { return }
      endedBelow += 1
      count(ended: outcome.kind)
    } else if outcome.sequence < nextSequence, counters.lostOutside > 0 {
      counters.lostOutside -= 1
      count(ended: outcome.kind)
    }
  }

  private mutating func count(ended kind: OutcomeKind) {
    switch kind {
    case .delivered: counters.totals.delivered.add(capped: 1)
    case .cancelled: counters.totals.cancelled.add(capped: 1)
    case .dead: break
    }
  }
}

extension UInt64 {
  func addingCapped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
  mutating func add(capped other: UInt64) { self = addingCapped(other) }
  func subtractingCapped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
