/// Which file of the log is read next, so that all are read once in the time that is wished for. What
/// somebody could not read comes first. Pure: time is passed in, milliseconds by the log's clock.
struct VerificationSchedule: Sendable {
  /// The first round begins so long after the start: others have more to do then.
  static let firstMs: UInt64 = 60_000
  /// A file that could not be looked at, or that was suspected and is as known, waits so long.
  static let againMs: UInt64 = 10_000
  /// A gentle pace that reads 84 GiB in a day, and the fastest one.
  static let slowest: UInt64 = 1 << 20
  static let fastest: UInt64 = 24 << 20

  /// 0: no rounds, only what is suspected.
  let everyMs: UInt64
  private let startedAtMs: UInt64
  private(set) var running: LogFile?
  private var suspects: [LogFile] = []
  /// When a file was looked at that somebody had suspected.
  private var suspectedAtMs: [LogFile: UInt64] = [:]
  /// Of the round under way, in reverse order; nil between two.
  private var left: [LogFile]?
  private var begunAtMs: UInt64?
  private(set) var rate = Self.slowest
  private(set) var progress = VerificationProgress()

  init(everyMs: UInt64, nowMs: UInt64) {
    self.everyMs = everyMs
    startedAtMs = nowMs
    progress.everyMs = everyMs
  }

  /// Something in the file could not be read.
  mutating func suspect(_ file: LogFile, nowMs: UInt64) {
    if let last = suspectedAtMs[file], last <= nowMs, nowMs - last < Self.againMs { return }
    if suspects.contains(file) || running == file { return }
    suspects.append(file)
  }

  /// When there is something to read; nil: nothing waits.
  func dueMs(nowMs: UInt64) -> UInt64? {
    guard running == nil else { return nil }
    if !suspects.isEmpty || left != nil { return nowMs }
    guard everyMs > 0 else { return nil }
    if let begunAtMs { return Self.after(everyMs, since: begunAtMs, nowMs) }
    return Self.after(min(Self.firstMs, everyMs), since: startedAtMs, nowMs)
  }

  /// A clock that was set back behind the start ends the wait.
  private static func after(_ wait: UInt64, since start: UInt64, _ nowMs: UInt64) -> UInt64 {
    start > nowMs ? nowMs : start.addingCapped(wait)
  }

  /// What is to be read now. `standing`: all files with their sizes, asked for when a round begins.
  mutating func next(
    nowMs: UInt64, standing: () -> [(file: LogFile, bytes: UInt64)]
  ) -> (file: LogFile, isUrgent: Bool)? {
    guard running == nil else { return nil }
    if !suspects.isEmpty {
      let file = suspects.removeFirst()
      if suspectedAtMs.count >= 1024 { suspectedAtMs = [:] }
      suspectedAtMs[file] = nowMs
      running = file
      return (file, true)
    }
    guard let due = dueMs(nowMs: nowMs), due <= nowMs else { return nil }
    if left == nil { begin(standing(), nowMs: nowMs) }
    guard let file = left?.popLast() else {
      finishRound(nowMs: nowMs)
      return nil
    }
    running = file
    return (file, false)
  }

  private mutating func begin(_ standing: [(file: LogFile, bytes: UInt64)], nowMs: UInt64) {
    begunAtMs = nowMs
    left = standing.map(\.file).reversed()
    progress.files = UInt64(standing.count)
    progress.done = 0
    // A quarter of the time is left for what gets in its way.
    let bytes = standing.reduce(UInt64(0)) { $0.addingCapped($1.bytes) }
    let (high, low) = bytes.multipliedFullWidth(by: 1333)
    let wanted = high == 0 ? low / max(everyMs, 1) : .max
    rate = min(max(wanted, Self.slowest), Self.fastest)
  }

  private mutating func finishRound(nowMs: UInt64) {
    left = nil
    progress.files = 0
    progress.done = 0
    progress.completedAtMs = nowMs
    progress.rounds += 1
  }

  /// The file that ran is not there any more, or was given up.
  mutating func skipped() { running = nil }

  mutating func ended(bytes: UInt64, isUrgent: Bool, nowMs: UInt64) {
    running = nil
    progress.bytes.add(capped: bytes)
    guard !isUrgent, left != nil else { return }
    progress.done += 1
    if left?.isEmpty == true { finishRound(nowMs: nowMs) }
  }
}

/// How far the background check has come.
package struct VerificationProgress: Sendable, Equatable {
  /// 0: it is off.
  package var everyMs: UInt64 = 0
  /// Of the round under way; 0 between two.
  package var files: UInt64 = 0
  package var done: UInt64 = 0
  /// Since the start, suspected files among them.
  package var bytes: UInt64 = 0
  package var rounds: UInt64 = 0
  /// When the last round of this run ended; nil: none has.
  package var completedAtMs: UInt64?
  package init() {}
}
