enum Upkeep {
  /// A frame that nothing proves gets a witness after this much quiet.
  static let witnessMs: UInt64 = 1000
  /// A finished segment goes on to the next one at this age, so that its file can be dropped…
  static let rotationAgeMs: UInt64 = 600_000
  /// …when this part of it is used at least.
  static let rotationUse: UInt64 = 8
  static let retryMs: UInt64 = 1000
  static let dropRetryMs: UInt64 = 60_000
}

extension LogCore {
  /// The witness after a quiet second, the timed rotation, dropping what can be dropped.
  package func tick(nowMs: UInt64) throws(LogFailure) {
    if let failure { throw failure }
    guard !isSealed else { return }
    if let due = witnessDueMs(nowMs: nowMs), due <= nowMs { try writeWitness(nowMs: nowMs) }
    if let due = rotationDueMs(nowMs: nowMs), due <= nowMs, preparation.isReady {
      _ = try rotate(room: 0, nowMs: nowMs)
    }
    if let due = space.dueMs(nowMs: nowMs), due <= nowMs { lookAtSpace(nowMs: nowMs) }
    if let due = dropDueMs(nowMs: nowMs), due <= nowMs {
      dropFinished(nowMs: nowMs)
    }
  }

  /// When there is something to do for `tick`, `preparationWanted`, `checkpointWanted`,
  /// `compactionWanted` or `verificationWanted`; nil = nothing waits. Never further off than the wait in
  /// question, whatever the clock did meanwhile.
  package func nextTickDueMs(nowMs: UInt64) -> UInt64? {
    guard failure == nil, !isSealed else { return nil }
    var due = earlier(witnessDueMs(nowMs: nowMs), dropDueMs(nowMs: nowMs))
    due = earlier(due, space.dueMs(nowMs: nowMs))
    due = earlier(due, checkpoints.dueMs(nowMs: nowMs))
    due = earlier(due, planDueMs(nowMs: nowMs))
    due = earlier(due, verificationDueMs(nowMs: nowMs))
    switch preparation {
    // What is being made for the reserve comes back first.
    case .none where isMakingReserve, .failed where isMakingReserve: break
    case .none: due = earlier(due, nowMs)
    case .failed(_, let atMs):
      due = earlier(due, self.due(after: Upkeep.retryMs, since: atMs, nowMs: nowMs))
    // Without a prepared file there is no timed rotation.
    case .ready: due = earlier(due, rotationDueMs(nowMs: nowMs))
    case .running: break
    }
    return due
  }

  private func earlier(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  private func witnessDueMs(nowMs: UInt64) -> UInt64? {
    guard active.isUnproven else { return nil }
    return due(after: Upkeep.witnessMs, since: active.lastWriteAtMs, nowMs: nowMs)
  }

  private func rotationDueMs(nowMs: UInt64) -> UInt64? {
    let segment = state.segments[state.segments.count - 1]
    let used = active.usedBytes >= active.capacity / Upkeep.rotationUse
    guard used, segment.messages > 0, segment.liveCount == 0, staging.isEmpty else { return nil }
    return due(after: Upkeep.rotationAgeMs, since: active.header.createdMs, nowMs: nowMs)
  }

  private func dropDueMs(nowMs: UInt64) -> UInt64? {
    guard let due = dropDueAtMs else { return nil }
    let longest = max(options.dedupWindowMs, Upkeep.dropRetryMs)
    return min(due, nowMs.addingCapped(longest))
  }

  /// A clock that was set back behind the start ends the wait: else it would begin anew with each
  /// look.
  private func due(after wait: UInt64, since start: UInt64, nowMs: UInt64) -> UInt64 {
    start > nowMs ? nowMs : start.addingCapped(wait)
  }

  /// An empty frame whose `synced-up-to` proves the one before. A new segment proves as much, and
  /// follows when the witness can't be written.
  private func writeWitness(nowMs: UInt64) throws(LogFailure) {
    guard staging.isEmpty else { return }
    let committedAtMs = max(nowMs, state.lastCommittedAtMs)
    encoder.begin(baseSequence: state.nextSequence)
    let length = encoder.encode(
      salt: active.header.salt, frameNumber: nextFrameNumber, committedAtMs: committedAtMs)
    guard active.hasRoom(for: length), try writeUnnumbered(length, "writing a witness") else {
      // The reserve is not there for a witness.
      let moved = try rotate(room: 0, fromReserve: failedWrites > 0, nowMs: nowMs)
      if !moved { active.lastWriteAtMs = nowMs }
      return
    }
    try syncActive("writing a witness")
    failedWrites = 0
    advance(by: length, committedAtMs: committedAtMs, nowMs: nowMs)
    active.isUnproven = false
  }

  /// Writes the encoder's frame, which holds no records; false when that failed.
  private func writeUnnumbered(_ length: Int, _ doing: String) throws(LogFailure) -> Bool {
    let file = active.file
    let offset = active.offset
    let written: Int
    do throws(DiskError) {
      written = try encoder.withFrame(syncedUpTo: offset) { (bytes) throws(DiskError) in
        try file.write(bytes, at: offset)
      }
    } catch {
      if error.isNoSpace && failedWrites == 0 { return false }
      written = 0
    }
    if written == length { return true }
    failedWrites += 1
    if failedWrites > 1 {
      throw stop(
        doing,
        DiskError(
          operation: .write, file: FileNames.segment(active.id), code: DiskError.shortWrite))
    }
    return false
  }

  /// The footer of a clean stop: from then on every bad byte is damage. What is staged is committed
  /// first. Nothing can be staged afterwards, and the files are cut to their ends.
  package func seal(nowMs: UInt64) throws(LogFailure) {
    if let failure { throw failure }
    guard !isSealed else { return }
    if !staging.isEmpty { _ = try commit(nowMs: nowMs) }
    // So that the next start need not read what this one wrote. It can do without.
    if checkpoints.hasChanged {
      try checkpointed(beginCheckpoint(nowMs: nowMs).run(on: disk), nowMs: nowMs)
    }
    let committedAtMs = max(nowMs, state.lastCommittedAtMs)
    encoder.begin(baseSequence: state.nextSequence)
    let length = encoder.encode(
      kind: .footer, salt: active.header.salt, frameNumber: nextFrameNumber,
      committedAtMs: committedAtMs)
    // Without a footer the next start logs the last frame again, and all is well too.
    if try writeUnnumbered(length, "writing the footer") {
      try syncActive("writing the footer")
      advance(by: length, committedAtMs: committedAtMs, nowMs: nowMs)
      active.isUnproven = false
    }
    let last = state.segments.count - 1
    if (try? active.file.truncate(to: active.offset)) != nil {
      state.segments[last].fileBytes = active.offset
    }
    if case .ready(let file) = preparation {
      file.discard(from: disk)
      preparation = .none
    }
    isSealed = true
  }
}
