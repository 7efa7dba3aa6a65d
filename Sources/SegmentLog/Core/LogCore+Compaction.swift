/// A compaction by command that is under way: the jobs of its plan, then as many checkpoints as it
/// takes, then the files go.
struct CompactionRun {
  var bytesBefore: UInt64
  var removed: [SegmentOverview] = []
  /// Yet to be run, the last one first.
  var jobs: [[CompactionRecord.Input]]
  let jobCount: Int
  /// Checkpoints with this number or a higher one were begun when all jobs were done.
  var firstNumber: UInt64?
  /// How many it may still write.
  var checkpointsLeft = 2
  /// What could not be compacted, and why.
  var problems: [String] = []
}

extension LogCore {
  /// Begins to compact everything that is worth it and to drop everything that can go, at once. A
  /// finished active segment is left for a new one first, when one stands ready. While it is under
  /// way `compactionWanted` and `checkpointWanted` give out its jobs; then `takeCompactionReport` says
  /// what went, and what stays and why.
  package func beginCompaction(nowMs: UInt64) throws(LogFailure) {
    if let failure { throw failure }
    guard compaction == nil else { return }
    let bytesBefore = bytesOnDisk
    let segment = state.segments[state.segments.count - 1]
    if segment.messages > 0, segment.liveCount == 0, staging.isEmpty, preparation.isReady {
      _ = try rotate(room: 0, nowMs: nowMs)
    }
    let removed = dropFinished(nowMs: nowMs)
    let jobs = compactionPlan(isCommand: true, nowMs: nowMs).jobs
    compaction = CompactionRun(
      bytesBefore: bytesBefore, removed: removed, jobs: jobs.reversed(), jobCount: jobs.count)
    if !state.damage.isEmpty {
      compaction?.problems.append("nothing is compacted while there is damage that is not accepted")
    }
    try goOnCompacting(nowMs: nowMs)
  }

  /// nil while it is under way, or when none was begun.
  package func takeCompactionReport() -> CompactionReport? {
    defer { compactionReport = nil }
    return compactionReport
  }

  /// The whole of it at once: for a log that nobody waits for.
  package func compact(
    pacer: any CompactionPacer = Unpaced(), nowMs: UInt64
  ) throws(LogFailure) -> CompactionReport {
    try beginCompaction(nowMs: nowMs)
    while compaction != nil {
      if let job = compactionWanted(nowMs: nowMs) {
        try compacted(job.run(on: disk, pacer: pacer), nowMs: nowMs)
      } else if let job = checkpointWanted(nowMs: nowMs) {
        try checkpointed(job.run(on: disk), nowMs: nowMs)
      } else {
        break
      }
    }
    guard let report = takeCompactionReport() else {
      preconditionFailure("a job of somebody else is under way")
    }
    return report
  }

  /// `present`: of the job that is under way.
  package func compactionPreview(
    present: (bytes: UInt64, expected: UInt64), nowMs: UInt64
  ) -> CompactionPreview {
    let plan = compactionPlan(isCommand: true, nowMs: nowMs)
    var preview = CompactionPreview(decisions: plan.decisions)
    if let run = compaction {
      let done = run.jobCount - run.jobs.count - (copying.isRunning ? 1 : 0)
      preview.progress = CompactionProgress(
        jobs: run.jobCount, done: max(done, 0), bytes: present.bytes, expected: present.expected)
    }
    return preview
  }

  /// Whether what is left of a compaction by command is writing checkpoints.
  var compactionWantsCheckpoint: Bool {
    guard let compaction else { return false }
    return compaction.jobs.isEmpty && !copying.isRunning
  }

  func noteCheckpoint(_ result: CheckpointResult) {
    guard let first = compaction?.firstNumber, result.number >= first else { return }
    compaction?.checkpointsLeft -= 1
    if case .failed = result.outcome { compaction?.checkpointsLeft = 0 }
  }

  /// After each job and each checkpoint.
  func goOnCompacting(nowMs: UInt64) throws(LogFailure) {
    guard compaction != nil, compactionWantsCheckpoint else { return }
    if compaction?.firstNumber == nil { compaction?.firstNumber = checkpoints.nextNumber }
    compaction?.removed += dropFinished(nowMs: nowMs)
    guard let run = compaction, !(hasFilesAwaitingCheckpoint && run.checkpointsLeft > 0) else {
      return
    }
    compaction = nil
    compactionReport = CompactionReport(
      removed: run.removed, kept: overview().segments, bytesBefore: run.bytesBefore,
      bytesAfter: bytesOnDisk, problems: run.problems)
  }

  private var hasFilesAwaitingCheckpoint: Bool { checkpoints.letsFilesGo }
}
