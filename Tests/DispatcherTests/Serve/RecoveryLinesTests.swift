import Testing

@testable import Dispatcher
@testable import SegmentLog

@Suite struct RecoveryLinesTests {
  @Test("a clean start is one line of numbers")
  func clean() {
    var report = RecoveryReport()
    report.pending = 3
    let lines = RecoveryLines.lines(report, log: "l", took: .milliseconds(12))
    #expect(lines.map(\.message) == ["log recovered"])
    #expect(lines.first?.level == .info)
    #expect(lines.first?.fields["pending"] == .stringConvertible(3))
    #expect(lines.first?.fields["took_ms"] == .stringConvertible(12))
  }

  @Test("a log that is begun is a notice with its whole directory")
  func created() {
    let line = RecoveryLines.created(log: "/var/lib/x/../log")
    #expect(line.level == .notice && line.message.contains("a new one is begun"))
    #expect(line.fields["directory"] == "/var/lib/log")
    #expect(RecoveryLines.missing(log: "/var/lib/log").contains("/var/lib/log"))
  }

  @Test("a torn tail is said, and that nothing of it was promised")
  func torn() {
    var report = RecoveryReport()
    report.tornTailBytes = 100
    let lines = RecoveryLines.lines(report, log: "l", took: .zero)
    #expect(lines.count == 2)
    #expect(lines.last?.level == .notice)
    #expect(lines.last?.fields["bytes"] == .stringConvertible(100))
  }

  @Test("each damage is a line with file, place, what is lost and what to do")
  func damage() {
    var report = RecoveryReport()
    report.damage = [
      Damage(
        file: "wal-1.seg", offset: 8192, end: 8300, reason: "the CRC is wrong", lost: 4...6),
      Damage(file: "wal-2.seg", offset: nil, reason: "it is missing", lost: nil),
    ]
    report.damage[0].uuids = ["a", "b"]
    let lines = RecoveryLines.lines(report, log: "here", took: .zero).dropFirst()
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.level == .error })
    #expect(lines.allSatisfy { $0.message.contains("dispatcher repair --log here") })
    #expect(
      lines.first?.fields == [
        "file": "wal-1.seg", "offset": .stringConvertible(8192),
        "bytes": .stringConvertible(108), "reason": "the CRC is wrong", "lost_messages": "4-6",
        "lost_uuids": "a,b",
      ])
    #expect(lines.last?.fields == ["file": "wal-2.seg", "reason": "it is missing"])
  }

  @Test("what was accepted before is one notice")
  func accepted() {
    var report = RecoveryReport()
    report.acceptedDamage = [Damage(file: "wal-1.seg", offset: nil, reason: "gone", lost: 1...2)]
    report.lost = 2
    let lines = RecoveryLines.lines(report, log: "here", took: .zero).dropFirst()
    #expect(lines.map(\.level) == [.notice])
    #expect(
      lines.first?.fields == ["places": .stringConvertible(1), "lost": .stringConvertible(2)])
  }
}
