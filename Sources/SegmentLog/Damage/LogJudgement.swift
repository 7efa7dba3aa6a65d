import Glibc

/// What a start would make of a log directory: the fold of its frames, and what is damaged or lost.
/// Nothing is changed and no lock is taken, so a server may write to it meanwhile.
///
/// Whoever looks at a log from outside uses this word for what is proven, ended and lost, and counts
/// by itself only to check it.
package struct LogJudgement: Sendable {
  /// nil when a start would refuse the directory.
  package private(set) var report: RecoveryReport?
  /// Why.
  package private(set) var refusal: LogError?
  package private(set) var totals = Totals()
  /// Messages that neither ended nor can be read, whose numbers are known.
  package private(set) var lost = SequenceRuns()
  /// How many more there are.
  package private(set) var unnamed: UInt64 = 0
  /// The state as a checkpoint would hold it.
  package private(set) var state: Checkpoint?

  /// Messages that wait or are dead, and of which the bytes stand somewhere.
  package private(set) var live: UInt64 = 0
  package private(set) var dead: UInt64 = 0

  /// Tries of a directory that changes meanwhile.
  private static let triesMax = 3

  /// Takes as much time and memory as a start does.
  package init(of disk: any Disk) throws(DiskError) {
    var tries = 1
    self = try Self.once(disk)
    // A server that drops or begins files meanwhile makes a directory that never stood there.
    while tries < Self.triesMax, refusal != nil || report?.damage.isEmpty == false {
      let again = try Self.once(disk)
      if again.refusal == refusal, again.report?.damage == report?.damage { return }
      self = again
      tries += 1
    }
  }

  private static func once(_ disk: any Disk) throws(DiskError) -> LogJudgement {
    try LogJudgement(onceOf: disk)
  }

  private init(onceOf disk: any Disk) throws(DiskError) {
    var options = LogOptions(
      segmentSize: 256 << 10, newStore: StoreUUID(high: 0, low: 1), saltSeed: 1)
    options.dedupMax = .max
    let opened: (LogCore, RecoveryReport)
    do throws(LogError) {
      // Time has no part in what is proven; the window of the duplicate check has.
      opened = try LogCore.open(disk: DryDisk(over: disk), options: options, nowMs: 1)
    } catch {
      if case .disk(let failure) = error, failure.code != ENOENT { throw failure }
      refusal = error
      return
    }
    let (core, report) = opened
    self.report = report
    totals = core.totals
    for segment in core.state.segments + core.state.cold {
      live += segment.liveCount
      dead += segment.parkedCount
      for sequence in core.state.openLosses(in: segment) { lost.add(sequence) }
    }
    unnamed = core.state.unnamedLosses
    state = core.asCheckpoint(number: 0, nowMs: 1)
  }
}
