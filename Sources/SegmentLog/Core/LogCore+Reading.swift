extension LogCore {
  /// What is known of a message; the newest with this UUID. Reads the directory of its frame.
  package func lookup(key: UUIDKey, uuid: [UInt8]) -> RecordStatus? {
    for sequence in state.index.candidates(key).sorted(by: >) {
      let status =
        state.holder(of: sequence).map { standing(sequence, in: $0, key, uuid) }
        ?? remembered(sequence, key)
      if let status { return status }
    }
    return nil
  }

  private func standing(
    _ sequence: Sequence, in holder: Holder, _ key: UUIDKey, _ uuid: [UInt8]
  ) -> RecordStatus? {
    let segment = state[holder]
    let location = segment.location(of: sequence)
    // What was lost has not ended: it waits, unreadable.
    let known = state.state(of: sequence) ?? .pending
    var status = RecordStatus(
      sequence: sequence, state: known, attempts: 0, lastStatus: 0, note: nil, acceptedAtMs: 0,
      start: .atOnce, retry: nil,
      destination: state.destinations.origin(segment.destination(of: sequence)),
      location: location)
    if let frame = reader.frame(holding: location),
      let message = frame.directory.message(sequence)
    {
      guard message.key == key, frame.directory.uuid(of: message) == uuid else { return nil }
      status.acceptedAtMs = message.acceptedAtMs
      status.start = message.start
      status.isUnreadable = state.unreadable.contains(sequence) || segment.isLost(sequence)
    } else {
      // Its UUID stands in what can't be read, but most of the key is known.
      let recent = state.recent[sequence]
      guard recent.map({ $0.key == key }) ?? true else { return nil }
      status.acceptedAtMs = recent?.acceptedAtMs ?? 0
      status.isUnreadable = true
    }
    if let tried = state.attempts[sequence] {
      status.attempts = tried.count
      status.lastStatus = tried.status
      status.note = tried.note.flatMap { noteLocation($0, sequence) }
      if known == .pending {
        status.retry = RetryTime(dueAtMs: tried.dueAtMs, delayMs: tried.delayMs)
      }
    } else if let ending = segment.ending(of: sequence) {
      status.attempts = ending.attempts
      status.lastStatus = ending.status
    }
    return status
  }

  /// Its segment was dropped; that it ended is remembered for a while.
  private func remembered(_ sequence: Sequence, _ key: UUIDKey) -> RecordStatus? {
    guard let entry = state.recent[sequence], entry.key == key, let ending = entry.ending else {
      return rememberedOnDisk(sequence, key)
    }
    return RecordStatus(
      sequence: sequence, state: ending.kind == .delivered ? .delivered : .cancelled,
      attempts: ending.attempts, lastStatus: ending.status, note: nil,
      acceptedAtMs: entry.acceptedAtMs, start: .atOnce, retry: nil, destination: nil,
      location: nil)
  }

  private func rememberedOnDisk(_ sequence: Sequence, _ key: UUIDKey) -> RecordStatus? {
    guard let entry = dedupReader.entry(sequence, in: state.dedups), entry.key == key else {
      return nil
    }
    return RecordStatus(
      sequence: sequence, state: .delivered, attempts: entry.attempts, lastStatus: entry.status,
      note: nil, acceptedAtMs: entry.acceptedAtMs, start: .atOnce, retry: nil, destination: nil,
      location: nil)
  }

  /// nil when the note's segment is gone.
  private func noteLocation(_ place: NotePlace, _ sequence: Sequence) -> NoteLocation? {
    let segments = place.kind == .wal ? state.segments : state.cold
    guard let segment = segments.first(where: { $0.id == place.segment }) else { return nil }
    return NoteLocation(
      file: segment.file, salt: segment.salt, frameOffset: place.frameOffset, sequence: sequence)
  }

  /// Messages that wait for `destination`; nil = for any.
  package func waiting(destination: String?) -> UInt64 {
    guard let destination else { return state.totals.pending }
    return state.destinations.id(destination).map { state.destinations.waiting($0) } ?? 0
  }

  /// A page of waiting (live and not dead) messages of `destination` (nil = any), after the one given. Decided
  /// from memory; `LogReader.entries(of:)` completes it. May hold fewer than `limit` entries, or
  /// none, and go on all the same: it looks at no more than 1 M messages.
  package func walkPlan(destination: String?, after: Sequence, limit: Int) -> WalkPlan {
    var plan = WalkPlan(entries: [], next: nil, upTo: max(after, state.nextSequence - 1))
    guard limit > 0, after < state.nextSequence, waiting(destination: destination) > 0 else {
      return plan
    }
    let id = destination.flatMap { state.destinations.id($0) }
    var walk = WaitingWalk(
      destination: id, after: after, limit: limit, segments: state.cold.count + 1)
    for index in state.cold.indices { walk.look(at: state.cold[index], .cold, index) }
    for index in state.segments.indices where !walk.isPast(state.segments[index]) {
      walk.look(at: state.segments[index], .wal, index)
    }
    let (found, next) = walk.finish()
    plan.entries = found.compactMap {
      state.unreadable.contains($0.sequence) ? nil : planned($0.sequence, in: state[$0.holder])
    }
    plan.next = next
    plan.upTo = next ?? plan.upTo
    return plan
  }

  private func planned(_ sequence: Sequence, in segment: SegmentState) -> PlannedEntry {
    let tried = state.attempts[sequence]
    return PlannedEntry(
      location: segment.location(of: sequence), attempts: tried?.count ?? 0,
      lastStatus: tried?.status ?? 0,
      retry: tried.map { RetryTime(dueAtMs: $0.dueAtMs, delayMs: $0.delayMs) })
  }

  package func destinationsWithPending() -> [DestinationBacklog] {
    var firsts: [UInt32: Sequence] = [:]
    for segment in state.segments + state.cold {
      for destination in segment.destinations where destination.waiting > 0 {
        firsts[destination.id] = min(firsts[destination.id] ?? .max, destination.first)
      }
    }
    return state.destinations.withWaiting.map { id in
      DestinationBacklog(
        origin: state.destinations.origin(id) ?? "", firstSequence: firsts[id] ?? 1,
        count: state.destinations.waiting(id))
    }
  }

  /// Where to read the payloads; nil where a message has ended, never was or can't be read. A dead one
  /// is there.
  package func locate(_ sequences: [Sequence]) -> [Location?] {
    sequences.map { sequence in
      guard let holder = state.holder(of: sequence), state[holder].isLive(sequence),
        !state.unreadable.contains(sequence)
      else {
        return nil
      }
      return state[holder].location(of: sequence)
    }
  }

  package var numbers: LogNumbers {
    var numbers = LogNumbers()
    numbers.totals = state.totals
    numbers.bytesOnDisk = bytesOnDisk
    numbers.segments = state.segments.count + state.cold.count
    numbers.frames = sealedFrames + state.segments[state.segments.count - 1].frames
    numbers.tornTailBytes = recovered.tornTailBytes
    numbers.damagedFrames = UInt64(state.damage.count)
    numbers.unreadableMessages = UInt64(state.unreadable.count)
    numbers.verification = verification.progress
    numbers.lostMessages = recovered.lost
    numbers.space = spaceLevel
    numbers.freeBytes = space.space?.availableBytes ?? 0
    numbers.markBytes = space.markBytes
    numbers.loggedBytes = loggedBytes
    numbers.compactedBytes = compactedBytes
    numbers.isCompacting = copying.isRunning
    numbers.reserveBytes = reserve.bytes + checkpointReserve.bytes
    numbers.checkpointFailure = checkpointFailure
    numbers.failedCheckpoints = checkpointFailure == nil ? 0 : failedCheckpoints
    return numbers
  }
}
