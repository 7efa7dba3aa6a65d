/// What the core remembers of compaction, which copies what lives in the background.
struct Copying {
  /// What the job is reading that was given out and is yet to come back: nothing of it may go.
  var inputs: Set<LogFile> = []
  var isRunning: Bool { !inputs.isEmpty }
  /// Something has changed since the last plan.
  var mayPlan = true
  /// When to plan though nothing changes: messages in a segment that is worth it end still.
  var planDueAtMs: UInt64?
  /// After a failure: not before.
  var notBeforeMs: UInt64?
  /// Live messages of a segment at the last plan.
  var liveAtPlan: [LogFile: UInt64] = [:]
  /// What can't be compacted, and why.
  var refused: [CompactionRecord.Input: String] = [:]

  /// While messages end so fast that waiting saves the copy, it is looked again after so long.
  static let changingMs: UInt64 = 5_000
  /// After a failed job: the disk may be full.
  static let retryMs: UInt64 = 30_000
}
