import Logging

extension DeliveryService {
  private struct Handover: Sendable {
    var batch: OutcomeQueue.Batch
    /// It asks for a commit instead of riding the next one.
    var hurries: Bool
  }

  private enum Step: Sendable {
    case record(Handover)
    case wait
    case end
  }

  /// A clerk: hands outcomes to the store until everything is recorded at the end.
  func record() async {
    while true {
      switch visit({ state, _ in Self.nextStep(&state) }) {
      case .record(let handover): await record(handover)
      case .wait:
        await park(in: \.clerks) { state in
          state.wantsClerk || state.phase == .recording
        }
      case .end: return
      }
    }
  }

  private static func nextStep(_ state: inout DeliveryState) -> Step {
    if state.wantsClerk, let batch = state.outcomes.nextBatch() {
      let hurries = state.wantsCommit || batch.hasShortWait
      state.handovers += 1
      return .record(Handover(batch: batch, hurries: hurries))
    }
    return state.phase == .recording ? .end : .wait
  }

  /// Values are absolute, so that it may be tried again after any error.
  private func record(_ handover: Handover) async {
    let batch = handover.batch
    var isFailing = false
    var wait: Duration = .milliseconds(100)
    var waited: Duration = .zero
    while true {
      do throws(StoreError) {
        let refused = try await store.record(
          batch.changes, under: batch.grant, hurry: handover.hurries)
        acknowledge(batch, refused: refused, wasFailing: isFailing)
        return
      } catch {
        if !isFailing {
          isFailing = true
          beginFailing(error, batch)
        }
        if giveUp(batch, after: waited, error) { return }
        await sleep(wait)
        waited += wait
        wait = min(wait * 2, .seconds(1))
      }
    }
  }

  private func acknowledge(
    _ batch: OutcomeQueue.Batch, refused: [MessageRef], wasFailing: Bool
  ) {
    let refused = Set(refused)
    let recovered = visit { state, now in
      for change in batch.changes {
        state.scheduler.recorded(change.ref, refused: refused.contains(change.ref), at: now)
      }
      state.refusedChanges += UInt64(refused.count)
      state.handovers -= 1
      if wasFailing { state.failingBatches -= 1 }
      let recovers = wasFailing && state.failingBatches == 0
      if recovers { state.scheduler.isPaused = false }
      return recovers
    }
    if recovered { logger.notice("the store records outcomes again, delivery goes on") }
  }

  private func beginFailing(_ error: StoreError, _ batch: OutcomeQueue.Batch) {
    let isFirst = visit { state, _ in
      state.failingBatches += 1
      state.scheduler.isPaused = true
      return state.failingBatches == 1
    }
    if isFirst {
      logger.error(
        "the store does not record outcomes, no new attempts until it does",
        metadata: [
          "reason": "\(error)", "outcomes": .stringConvertible(batch.changes.count),
        ])
    }
  }

  /// Only when there is nobody to record them for: the lane is another's now, or we are ending.
  private func giveUp(
    _ batch: OutcomeQueue.Batch, after waited: Duration, _ error: StoreError
  ) -> Bool {
    let (isRevoked, isEnding) = visit { state, _ in
      (!state.scheduler.holds(batch.grant), state.phase != .running)
    }
    guard isRevoked || (isEnding && waited >= configuration.recordPatience) else { return false }
    visit { state, _ in
      state.handovers -= 1
      state.failingBatches -= 1
      if state.failingBatches == 0 { state.scheduler.isPaused = false }
    }
    logger.error(
      "outcomes could not be recorded, their messages will be delivered again",
      metadata: [
        "outcomes": .stringConvertible(batch.changes.count), "reason": "\(error)",
      ])
    return true
  }
}
