import Testing

@testable import SegmentLog

/// A checkpoint is written of what is durable, so a log that ends before one has lost its end.
@Suite("A log whose end is lost")
struct LostEndTests {
  enum Loss: String, CaseIterable {
    case lastSegment, twoSegments, allSegments, cut, zeroed

    func happen(to log: TestLog) throws {
      let last = log.segmentFile(3)
      let bytes = log.disk.contents(last) ?? []
      let frames = Int(FormatLimits.firstFrameOffset)
      switch self {
      case .lastSegment: log.disk.remove(last)
      case .twoSegments: for id in [2, 3] { log.disk.remove(log.segmentFile(UInt64(id))) }
      case .allSegments: for id in log.segments { log.disk.remove(log.segmentFile(id)) }
      case .cut: log.disk.put(last, Array(bytes[..<(frames + 10)]))
      case .zeroed:
        log.disk.put(
          last, bytes[..<frames] + [UInt8](repeating: 0, count: bytes.count - frames))
      }
    }

    /// Where damage is named, and what is lost.
    var file: UInt64 { [.twoSegments: 2, .allSegments: 4][self] ?? 3 }
    var kind: Damage.Kind {
      switch self {
      case .lastSegment, .twoSegments: .missing
      case .allSegments: .accounting
      case .cut, .zeroed: .bytes
      }
    }
    var lost: ClosedRange<Sequence>? {
      switch self {
      case .allSegments: nil
      case .twoSegments: 3...5
      default: 5...5
      }
    }
    var lostCount: UInt64 { lost.map { UInt64($0.count) } ?? 5 }
    var left: [Sequence] { Array((1...5).prefix(5 - Int(lostCount))) }
  }

  /// Three segments: messages 1 and 2, 3 and 4, and 5; a checkpoint in the second and one at the end.
  private func log(_ loss: Loss, onDamage: LogOptions.OnDamage = .drain) throws -> TestLog {
    let log = try TestLog(onDamage: onDamage)
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.settle(compacts: false)
    try log.store(4)
    try log.rotate()
    try log.store(5)
    try log.core.seal(nowMs: log.nowMs)
    log.disk.cutPower()
    try loss.happen(to: log)
    return log
  }

  @Test("is damaged until that is accepted, at every start", arguments: Loss.allCases)
  func drain(_ loss: Loss) throws {
    let log = try log(loss)
    for _ in 0..<3 {
      try log.cutPower()
      #expect(log.report.damage.map(\.kind) == [loss.kind])
      #expect(log.report.damage.map(\.file) == [log.segmentFile(loss.file)])
      #expect(log.report.damage.map(\.lost) == [loss.lost])
      #expect(log.report.damage.map(\.lostCount) == [loss.lostCount])
      #expect(log.core.stage([TestLog.record(9)], nowMs: log.nowMs) == .refused(.readOnly))
      #expect(log.walk() == loss.left)
      #expect(log.core.totals.accepted == 5)
      #expect(log.core.totals.pending == 5)
    }
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == loss.lostCount)
    #expect(try log.store(9) == [6], "no number is given twice")
    for clean in [false, true] {
      if clean { try log.core.seal(nowMs: log.nowMs) }
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.walk() == loss.left + [6])
      #expect(log.core.totals.pending == UInt64(loss.left.count) + 1)
    }
    try log.end(loss.left + [6])
    #expect(log.core.totals.pending == 0)
  }

  @Test("can be refused, as other damage", arguments: Loss.allCases)
  func refuse(_ loss: Loss) throws {
    let log = try log(loss, onDamage: .refuse)
    for _ in 0..<2 {
      #expect {
        try log.cutPower()
      } throws: { error in
        if case .damaged(let damage) = error as? LogError { damage.count == 1 } else { false }
      }
    }
  }

  @Test("is explained as damage, or as missing segments", arguments: Loss.allCases)
  func inspect(_ loss: Loss) throws {
    let log = try log(loss)
    let severity = try LogSurvey(of: log.disk).severity
    #expect(severity == (loss.kind == .bytes ? .damage : .missingSegment))
  }

  @Test("what ended before the end was lost is finished when the older checkpoint says so")
  func older() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.end([1])
    try log.settle(compacts: false)
    try log.end([2])
    try log.rotate()
    try log.store(3)
    try log.core.seal(nowMs: log.nowMs)
    log.disk.remove(log.segmentFile(2))
    try log.cutPower()
    #expect(log.report.checkpoint == log.checkpoints.first)
    #expect(log.report.damage.map(\.lost) == [3...3])
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.lookup(2)?.state == .delivered)
  }
}
