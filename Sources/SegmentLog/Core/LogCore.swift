/// The engine: a synchronous, deterministic state machine over a `Disk`.
///
/// *The live state is the fold of the durable frames; state changes are applied when their commit
/// is durable.* Used by one thread at a time; time (wall clock, milliseconds since 1970) is passed
/// in. After a thrown `LogFailure` everything is refused.
package final class LogCore {
  let disk: any Disk
  let options: LogOptions
  /// The store's identity: what UUID keys are derived with.
  package let store: StoreUUID
  /// Why nothing new is taken, after damage; nil when all is well.
  package internal(set) var readOnlyReason: String?

  var state: LogState
  var active: ActiveSegment
  let encoder = FrameEncoder()
  var staging = Staging()
  /// For confirming duplicates and for `lookup`.
  let reader: LogReader
  let dedupReader: DedupReader
  var salts: SaltSource
  var nextFrameNumber: UInt64
  var preparation = Preparation.none
  var space: SpaceWatch
  /// When the files were reviewed last.
  var wasShortOfSpace = false
  var reserve = Reserve(FileNames.segmentReserves)
  var checkpointReserve = Reserve(FileNames.checkpointReserves)
  var failure: LogFailure?
  var isSealed = false
  /// Writes that failed since the last frame that was durable.
  var failedWrites = 0
  /// Whether this process still has the directory to itself.
  var isLocked: @Sendable () -> Bool = { true }
  var namesCheckedAtMs: UInt64 = 0
  var checkpoints: CheckpointSchedule
  /// Why the last checkpoint could not be written; nil when it was.
  var checkpointError: DiskError?
  /// Tries in a row that failed.
  var failedCheckpoints: UInt64 = 0
  /// When the next file may go; nil when none does without anything happening first.
  var dropDueAtMs: UInt64?
  /// Dropped, and not yet told to those who read.
  var droppedFiles: [String] = []
  var copying = Copying()
  var compaction: CompactionRun?
  var compactionReport: CompactionReport?
  var recovered: RecoveryReport
  var verification: VerificationSchedule
  /// Of all segments but the active one; kept beside them, since they are asked for with each commit.
  var sealedBytes: UInt64 = 0
  var sealedFrames: UInt64 = 0
  /// Since the start: frames, and what compactions wrote.
  var loggedBytes: UInt64 = 0
  var compactedBytes: UInt64 = 0

  /// Recovers what stands on `disk` and starts a new segment. The caller holds the directory's lock.
  ///
  /// From a checkpoint it takes as long as reading the directories of what stands, and the frames
  /// behind it; without one as long as reading all segments. A tool that opens a stopped log passes a
  /// small `segmentSize`: that is what is left behind, besides what stays of the old segments.
  package static func open(disk: any Disk, options: LogOptions, nowMs: UInt64)
    throws(LogError) -> (LogCore, RecoveryReport)
  {
    var recovery = Recovery(disk: disk, options: options, nowMs: nowMs)
    let start: RecoveredLog
    do throws(LogError) {
      start = try recovery.run()
    } catch {
      if case .disk(let cause) = error { throw .disk(cause.located(in: disk)) }
      throw error
    }
    let core = LogCore(disk: disk, options: options, start: start, nowMs: nowMs)
    do throws(LogFailure) { try core.skip(to: start.numbered, nowMs: nowMs) } catch {
      throw .disk(error.error)
    }
    return (core, start.report)
  }

  init(disk: any Disk, options: LogOptions, start: RecoveredLog, nowMs: UInt64) {
    self.disk = disk
    self.options = options
    store = start.active.header.store
    state = start.state
    active = start.active
    salts = start.salts
    nextFrameNumber = start.nextFrameNumber
    recovered = start.report
    verification = VerificationSchedule(everyMs: options.verifyEveryMs, nowMs: nowMs)
    checkpoints = start.checkpoints
    reader = LogReader(disk: disk)
    dedupReader = DedupReader(disk: disk, store: store)
    space = SpaceWatch(segmentSize: options.segmentSize)
    readOnlyReason =
      start.report.damage.isEmpty || options.onDamage == .proceed
      ? nil : start.report.damage.map(\.description).joined(separator: "; ")
    encoder.begin(baseSequence: state.nextSequence)
    for segment in state.segments.dropLast() + state.cold {
      sealedBytes += segment.fileBytes
      sealedFrames += segment.frames
    }
    sealedBytes += state.dedups.reduce(0) { $0 + $1.fileSize }
    sealedBytes += state.spent.reduce(0) { $0 + $1.bytes }
    reserve.adopt(from: disk)
    checkpointReserve.adopt(from: disk)
    lookAtSpace(nowMs: nowMs)
    reviewFiles(nowMs: nowMs)
  }

  deinit { active.file.close() }

  package var hasStaged: Bool { !staging.isEmpty }
  package var totals: Totals { state.totals }

  /// From here on everything is refused. `file`: its name today, where that isn't the name it was
  /// opened by.
  func stop(_ doing: String, _ error: DiskError, file: String? = nil) -> LogFailure {
    var error = error
    if let file { error.file = file }
    let failure = LogFailure(doing: doing, error: error.located(in: disk))
    self.failure = failure
    return failure
  }
}
