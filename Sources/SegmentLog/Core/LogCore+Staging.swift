/// What a frame gathers before it is full. One that is larger is taken when it comes alone.
enum FrameLimits {
  static let rawBytes = 1 << 20
  static let messages = 1024
  static let changes = 8192
  /// What a message takes in the directory at most, its origin and UUID included.
  static let directoryBytesPerMessage = 1024
}

extension LogCore {
  /// Puts messages into the next frame, all of them or none. Duplicates and conflicts are decided
  /// here, against everything that is durable or staged; a duplicate of a staged message is durable
  /// with that one's commit.
  package func stage(_ batch: [NewRecord], nowMs: UInt64) -> Staged {
    if failure != nil || isSealed { return .refused(.stopped) }
    if readOnlyReason != nil { return .refused(.readOnly) }
    let bytes = batch.reduce(0) { $0 + $1.payload.count }
    let bound = bytes + batch.count * FrameLimits.directoryBytesPerMessage
    guard bytes <= FormatLimits.payloadMax,
      bound + FrameLimits.rawBytes <= FormatLimits.frameMax
    else { return .refused(.tooLarge) }
    if !staging.isEmpty {
      guard encoder.messageCount + batch.count <= FrameLimits.messages,
        encoder.rawBytes + bytes <= FrameLimits.rawBytes
      else { return .frameFull }
    }
    switch decide(batch, nowMs: nowMs) {
    case .conflict(let indices): return .conflict(indices)
    case .admitted(let admissions, let needsCommit):
      // A duplicate takes no room.
      let isNew = admissions.contains { if case .stored = $0 { true } else { false } }
      guard !isNew || hasSpaceForMessages(nowMs: nowMs) else { return .refused(.diskFull) }
      for (record, admission) in zip(batch, admissions) {
        if case .stored(let sequence) = admission, staging.twin(record.key) == nil {
          add(record, sequence)
        }
      }
      return .taken(admissions, needsCommit: needsCommit)
    }
  }

  private func add(_ record: NewRecord, _ sequence: Sequence) {
    let destination = hold(record.destination)
    let given = encoder.append(record, destination: destination)
    precondition(given == sequence, "a sequence was promised that the frame doesn't give")
    staging.append(
      Staging.Message(
        key: record.key, contentHash: record.contentHash, destination: destination,
        payloadLength: record.payload.count))
  }

  /// The destination's number, kept from being given anew until the frame is done.
  private func hold(_ origin: String) -> UInt32 {
    if let id = state.destinations.id(origin), staging.uses(id) { return id }
    let id = state.destinations.use(origin)
    staging.append(destination: id)
    return id
  }
}

// MARK: Duplicates

extension LogCore {
  private enum Decision {
    case admitted([LogAdmission], needsCommit: Bool)
    case conflict([Int])
  }

  private enum Twin {
    case staged(Sequence, contentHash: UInt64)
    case durable(Sequence, contentHash: UInt64)
  }

  private func decide(_ batch: [NewRecord], nowMs: UInt64) -> Decision {
    var admissions: [LogAdmission] = []
    admissions.reserveCapacity(batch.count)
    var conflicts: [Int] = []
    var needsCommit = false
    var next = state.nextSequence + UInt64(encoder.messageCount)
    var inBatch: [UUIDKey: (Sequence, UInt64)] = [:]
    for (index, record) in batch.enumerated() {
      let twin =
        inBatch[record.key].map { Twin.staged($0.0, contentHash: $0.1) }
        ?? self.twin(of: record.key, nowMs: nowMs)
      switch twin {
      case .staged(let sequence, record.contentHash):
        admissions.append(.duplicate(sequence))
        needsCommit = true
      case .durable(let sequence, record.contentHash):
        admissions.append(.duplicate(sequence))
      case .staged, .durable:
        conflicts.append(index)
      case nil:
        admissions.append(.stored(next))
        if batch.count > 1 { inBatch[record.key] = (next, record.contentHash) }
        next += 1
        needsCommit = true
      }
    }
    return conflicts.isEmpty
      ? .admitted(admissions, needsCommit: needsCommit) : .conflict(conflicts)
  }

  private func twin(of key: UUIDKey, nowMs: UInt64) -> Twin? {
    if let staged = staging.twin(key) {
      return .staged(
        state.nextSequence + UInt64(staged.index), contentHash: staged.contentHash)
    }
    // The log's own time: a clock that was set back must not make the window longer than what is
    // kept for it.
    let nowMs = max(nowMs, state.lastCommittedAtMs)
    // The newest is meant.
    for sequence in state.index.candidates(key).sorted(by: >) {
      guard let found = confirm(sequence, key) else { continue }
      switch state.state(of: sequence) ?? found.ending {
      case .pending: return .durable(sequence, contentHash: found.contentHash)
      case .delivered:
        let isRemembered =
          sequence >= state.dedupFloor
          && nowMs.subtractingCapped(found.acceptedAtMs) < options.dedupWindowMs
        return isRemembered ? .durable(sequence, contentHash: found.contentHash) : nil
      // May be posted again.
      case .dead, .cancelled: return nil
      case nil: continue
      }
    }
    return nil
  }

  private struct Confirmed {
    var contentHash: UInt64
    var acceptedAtMs: UInt64
    /// Of a message whose segment is gone.
    var ending: RecordStatus.State?
  }

  /// What is known under this sequence, when it carries this key. What can't be confirmed is new: a
  /// duplicate delivery is allowed, a swallowed message is not.
  private func confirm(_ sequence: Sequence, _ key: UUIDKey) -> Confirmed? {
    if let entry = state.recent[sequence] {
      guard entry.key == key else { return nil }
      return Confirmed(
        contentHash: entry.contentHash, acceptedAtMs: entry.acceptedAtMs,
        ending: entry.ending.map { $0.kind == .delivered ? .delivered : .cancelled })
    }
    guard let holder = state.holder(of: sequence) else { return confirmGone(sequence, key) }
    guard let frame = reader.frame(holding: state[holder].location(of: sequence)),
      let message = frame.directory.message(sequence), message.key == key
    else { return nil }
    return Confirmed(
      contentHash: message.contentHash, acceptedAtMs: message.acceptedAtMs, ending: nil)
  }

  private func confirmGone(_ sequence: Sequence, _ key: UUIDKey) -> Confirmed? {
    guard let entry = dedupReader.entry(sequence, in: state.dedups), entry.key == key else {
      return nil
    }
    return Confirmed(
      contentHash: entry.contentHash, acceptedAtMs: entry.acceptedAtMs, ending: .delivered)
  }
}

// MARK: Changes

extension LogCore {
  /// Puts outcomes and attempts into the next frame, as far as it has room.
  ///
  /// Refused, by index, are those that mean a message which has ended, ends in this very frame or
  /// never was. An attempt whose count is already known is old news and taken without being written.
  package func stage(_ changes: [StateChange]) -> StagedChanges {
    if failure != nil || isSealed { return .refused(.stopped) }
    var refused: [Int] = []
    var written = false
    for (index, change) in changes.enumerated() {
      guard hasRoom(for: change) else {
        if index > 0 { return .taken(count: index, refused: refused, needsCommit: written) }
        return staging.isEmpty ? .refused(.diskFull) : .frameFull
      }
      switch admit(change) {
      case .write:
        written = true
        add(change)
      case .known: written = written || staging.attempts(of: change.sequence) != nil
      case .refused: refused.append(index)
      }
    }
    return .taken(count: changes.count, refused: refused, needsCommit: written)
  }

  private func hasRoom(for change: StateChange) -> Bool {
    let text =
      switch change {
      case .outcome(let record): record.error.utf8.count
      case .attempt(let record): record.error.utf8.count
      }
    let bytes = min(text, FormatLimits.noteMax)
    guard
      staging.isEmpty
        || (staging.changeCount < FrameLimits.changes
          && encoder.rawBytes + bytes <= FrameLimits.rawBytes)
    else { return false }
    return hasSpace(forChangeOf: bytes)
  }

  private enum Admitted { case write, known, refused }

  private func admit(_ change: StateChange) -> Admitted {
    let sequence = change.sequence
    let before = state.state(of: sequence)
    if staging.ends(sequence) { return .refused }
    switch change {
    case .attempt(let record):
      guard before == .pending else { return .refused }
      if let staged = staging.attempts(of: sequence), record.count <= staged { return .known }
      if let known = state.attempts[sequence], record.count < known.count { return .known }
      return .write
    case .outcome(let record):
      switch before {
      case .pending: return .write
      case .dead: return record.kind == .cancelled ? .write : .refused
      case .delivered, .cancelled, nil: return .refused
      }
    }
  }

  private func add(_ change: StateChange) {
    let previousNote = state.attempts[change.sequence]?.note
    switch change {
    case .attempt(let record):
      encoder.append(record, previousNote: previousNote)
      staging.append(
        Staging.Attempt(
          record: DirectoryAttempt(
            sequence: record.sequence, count: record.count, delayMs: record.delayMs,
            status: record.status), hasNote: !record.error.isEmpty))
    case .outcome(let record):
      encoder.append(record, previousNote: previousNote)
      staging.append(
        Staging.Outcome(
          record: DirectoryOutcome(
            sequence: record.sequence, kind: record.kind, status: record.status,
            attempts: record.attempts), hasNote: !record.error.isEmpty))
    }
  }
}
