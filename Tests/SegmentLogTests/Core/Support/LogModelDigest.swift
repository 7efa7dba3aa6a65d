@testable import SegmentLog

/// What can be told of a small log from outside, to compare two of them.
struct LogModelDigest: Equatable {
  var states: [Sequence: RecordStatus.State] = [:]
  var attempts: [Sequence: UInt32] = [:]
  /// Of those that are live; a value of nil can't be read.
  var payloads: [Sequence: String?] = [:]
  var totals: Totals

  init(_ core: LogCore, _ disk: SimDisk) {
    let reader = LogReader(disk: disk)
    totals = core.totals
    for sequence in 1..<min(core.state.nextSequence, 100) {
      states[sequence] = core.state.state(of: sequence)
      attempts[sequence] = core.state.attempts[sequence]?.count
      guard let location = core.locate([sequence])[0] else { continue }
      payloads[sequence] = .some(
        reader.payloads(at: [location])[0].map { String(decoding: $0, as: UTF8.self) })
    }
  }

  /// Of a log that is opened on `disk` as it is.
  init(_ log: TestLog, _ disk: SimDisk) {
    guard
      let (core, _) = try? LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
    else { fatalError("the untouched log opens") }
    self.init(core, disk)
  }
}
