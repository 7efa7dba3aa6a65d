/// A compaction by command that is under way: as many checkpoints as it takes, then the files go.
struct CompactionRun {
  var bytesBefore: UInt64
  var removed: [SegmentOverview] = []
  /// Checkpoints with this number or a higher one were begun for it.
  var firstNumber: UInt64
  /// How many it may still write.
  var checkpointsLeft = 2
}

extension LogCore {
  /// Begins to drop everything that can go, at once. A finished active segment is left for a new one
  /// first, when one stands ready. While it is under way `checkpointWanted` gives out its jobs; then
  /// `takeCompactionReport` says what went, and what stays and why.
  package func beginCompaction(nowMs: UInt64) throws(LogFailure) {
    if let failure { throw failure }
    guard compaction == nil else { return }
    var run = CompactionRun(bytesBefore: bytesOnDisk, firstNumber: checkpoints.nextNumber)
    let segment = state.segments[state.segments.count - 1]
    if segment.messages > 0, segment.liveCount == 0, staging.isEmpty, preparation.isReady {
      _ = try rotate(room: 0, nowMs: nowMs)
    }
    run.removed = dropFinished(keepRemembered: false, nowMs: nowMs)
    compaction = run
    endCompactionIfDone(nowMs: nowMs)
  }

  /// nil while it is under way, or when none was begun.
  package func takeCompactionReport() -> CompactionReport? {
    defer { compactionReport = nil }
    return compactionReport
  }

  /// The whole of it at once: for a log that nobody waits for.
  package func compact(nowMs: UInt64) throws(LogFailure) -> CompactionReport {
    try beginCompaction(nowMs: nowMs)
    while compaction != nil, let job = checkpointWanted(nowMs: nowMs) {
      try checkpointed(job.run(on: disk), nowMs: nowMs)
    }
    guard let report = takeCompactionReport() else {
      preconditionFailure("a checkpoint of somebody else is being written")
    }
    return report
  }

  func goOnCompacting(after result: CheckpointResult, nowMs: UInt64) throws(LogFailure) {
    guard let run = compaction else { return }
    if result.number >= run.firstNumber {
      compaction?.checkpointsLeft -= 1
      if case .failed = result.outcome { compaction?.checkpointsLeft = 0 }
    }
    compaction?.removed += dropFinished(keepRemembered: false, nowMs: nowMs)
    endCompactionIfDone(nowMs: nowMs)
  }

  private func endCompactionIfDone(nowMs: UInt64) {
    guard let run = compaction else { return }
    let wouldHelp = state.segments.indices.dropLast().contains {
      dropReason($0) == .awaitsCheckpoint
    }
    if wouldHelp && run.checkpointsLeft > 0 { return }
    compaction = nil
    compactionReport = CompactionReport(
      removed: run.removed, kept: overview().segments, bytesBefore: run.bytesBefore,
      bytesAfter: bytesOnDisk)
  }
}
