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
    var files: [UInt64] {
      switch self {
      case .twoSegments: [2, 3]
      case .allSegments: [1, 2, 3]
      default: [3]
      }
    }
    var kind: Damage.Kind { [.cut, .zeroed].contains(self) ? .bytes : .missing }
    var lost: [ClosedRange<Sequence>] { [1...2, 3...4, 5...5].suffix(files.count) }
    var lostCount: UInt64 { lost.reduce(0) { $0 + UInt64($1.count) } }
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
      #expect(log.report.damage.map(\.kind) == loss.files.map { _ in loss.kind })
      #expect(log.report.damage.map(\.file) == loss.files.map(log.segmentFile))
      #expect(log.report.damage.map(\.lost) == loss.lost)
      #expect(log.report.damage.map(\.lostCount) == loss.lost.map { UInt64($0.count) })
      #expect(log.core.stage([TestLog.record(9)], nowMs: log.nowMs) == .refused(.readOnly))
      #expect(log.walk() == loss.left)
      #expect(log.core.totals.accepted == 5)
      #expect(log.core.totals.pending == 5)
    }
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == loss.lostCount)
    let next = try log.store(9)[0]
    #expect(next > 5, "no number is given twice, of those that may have been given either")
    for clean in [false, true] {
      if clean { try log.core.seal(nowMs: log.nowMs) }
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.walk() == loss.left + [next])
      #expect(log.core.totals.pending == UInt64(loss.left.count) + 1)
    }
    try log.end(loss.left + [next])
    #expect(log.core.totals.pending == 0)
  }

  @Test("can be refused, as other damage", arguments: Loss.allCases)
  func refuse(_ loss: Loss) throws {
    let log = try log(loss, onDamage: .refuse)
    for _ in 0..<2 {
      #expect {
        try log.cutPower()
      } throws: { error in
        guard case .damaged(let damage) = error as? LogError else { return false }
        return damage.count == loss.files.count
      }
    }
  }

  @Test("is explained as damage, or as missing segments", arguments: Loss.allCases)
  func inspect(_ loss: Loss) throws {
    let log = try log(loss)
    let severity = try LogSurvey(of: log.disk).severity
    #expect(severity == (loss.kind == .bytes ? .damage : .missingSegment))
  }

  @Test("what ended before the end was lost is finished, since the checkpoint says so")
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
    #expect(log.report.checkpoint == log.checkpoints.last)
    #expect(log.report.damage.map(\.lost) == [3...3])
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.lookup(2)?.state == .delivered)
  }

  enum Unreadable: CaseIterable { case empty, zero, text }

  @Test(
    "a last segment of which nothing can be read held what the checkpoint knows of it",
    arguments: Unreadable.allCases)
  func unreadable(_ how: Unreadable) throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.rotate()
    try log.store(3, 4)
    try log.end([3])
    try log.core.seal(nowMs: log.nowMs)
    log.disk.cutPower()
    let file = log.segmentFile(2)
    let size = log.disk.contents(file)?.count ?? 0
    switch how {
    case .empty: log.disk.put(file, [])
    case .zero: log.disk.put(file, [UInt8](repeating: 0, count: size))
    case .text: log.disk.put(file, Array("not a segment\n".utf8))
    }
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage.allSatisfy { $0.file == file })
      #expect(log.report.damage.reduce(0) { $0 + $1.lostCount } == 1)
      #expect(log.report.damage.contains { $0.lost == 3...4 && $0.ended == 1 })
      #expect(log.walk() == [1, 2])
      #expect(log.core.totals.accepted == 4 && log.core.totals.delivered == 1)
      let judgement = try LogJudgement(of: log.disk)
      #expect(judgement.lost.runs == [4...4])
    }
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 1)
    #expect(try log.store(9)[0] > 4)
    try log.settle()
    for clean in [false, true] {
      if clean { try log.core.seal(nowMs: log.nowMs) }
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.core.totals.pending == 3 && log.core.totals.cancelled == 1)
    }
  }

  @Test("cold segments without any segment of the log hold what waits", arguments: [false, true])
  func coldAlone(unreadable: Bool) throws {
    let log = try TestLog(segmentSize: 16 << 10)
    for segment in 0..<3 {
      if segment > 0 { try log.rotate() }
      let stored = try log.store(segment * 2 + 1, segment * 2 + 2)
      try log.end([stored[0]])
    }
    try log.end([2], .dead, status: 410, error: "gone")
    try log.settle()
    #expect(log.cold == [1])
    log.disk.cutPower()
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    for id in log.segments {
      let file = log.segmentFile(id)
      if unreadable { log.disk.put(file, []) } else { log.disk.remove(file) }
    }
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage != [])
      #expect(log.walk() == [4])
      #expect(log.payload(2) != nil, "a dead letter is one")
      // What is found is kept from the first checkpoint on.
      try log.settle(compacts: false)
    }
    let repaired = try LogRepair.accept(log.disk, nowMs: log.nowMs)
    #expect(repaired.totals.pending == 1 && repaired.totals.dead == 1)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(try log.store(9)[0] > 6)
  }
}
