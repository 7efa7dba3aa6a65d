extension LogCore {
  /// A checkpoint to write, off the writer's thread; nil when none is due. To be asked between two
  /// frames. Every job that is given out must come back by `checkpointed`, before `seal`.
  ///
  /// Costs what copying a few arrays' references costs: tables are copied, piece by piece, only where
  /// they are changed while the job still holds them.
  package func checkpointWanted(nowMs: UInt64) -> CheckpointJob? {
    guard failure == nil, !isSealed, !checkpoints.isRunning else { return nil }
    let isDue = checkpoints.dueMs(nowMs: nowMs).map { $0 <= nowMs } ?? false
    return isDue || compactionWantsCheckpoint ? beginCheckpoint(nowMs: nowMs) : nil
  }

  func beginCheckpoint(nowMs: UInt64) -> CheckpointJob {
    CheckpointJob(
      asCheckpoint(number: checkpoints.begin(nowMs: nowMs), nowMs: nowMs),
      previous: checkpoints.kept.first?.number, spare: fileForCheckpoint())
  }

  /// The state, and where in the log it was so.
  func asCheckpoint(number: UInt64, nowMs: UInt64) -> Checkpoint {
    let position = LogPosition(
      segment: active.id, offset: active.offset, frameOffset: active.lastFrameOffset,
      frameCRC: active.lastFrameCRC, nextFrameNumber: nextFrameNumber)
    var content = Checkpoint(
      store: store, number: number,
      createdMs: max(nowMs, state.lastCommittedAtMs), position: position,
      counters: state.counters)
    content.destinations = state.destinations.definitions
    content.segments = state.segments
    content.cold = state.cold
    content.dedups = state.dedups
    content.attempts = state.attempts
    content.damage = state.damage
    content.counters.lostOutside = state.openOutside
    return content
  }

  /// What became of a job. A checkpoint that failed is tried again later; only a directory that can't
  /// be synced stops the log.
  package func checkpointed(_ result: CheckpointResult, nowMs: UInt64) throws(LogFailure) {
    switch result.outcome {
    case .written(let checkpoint, let bytes):
      checkpoints.written(checkpoint, bytes: bytes)
      checkpointError = nil
      failedCheckpoints = 0
    case .failed(let error):
      // With a file of the reserve there is no need to wait for room.
      checkpoints.failed(nowMs: nowMs, waits: !(error.isNoSpace && hasFileForCheckpoint))
      checkpointError = error
      failedCheckpoints += 1
    case .namesUnknown(let error):
      checkpoints.failed(nowMs: nowMs)
      throw stop("writing \(FileNames.checkpoint(result.number))", error)
    }
    guard failure == nil, !isSealed else { return }
    reviewFiles(nowMs: nowMs)
    noteCheckpoint(result)
    try goOnCompacting(nowMs: nowMs)
  }

  /// Why no checkpoint can be written, for a person to mend; nil when the last one was written, and
  /// when there was just no room for a new file and one of the reserve stands in at once.
  package var checkpointFailure: DiskError? {
    guard let error = checkpointError else { return nil }
    return error.isNoSpace && hasFileForCheckpoint ? nil : error
  }
}
