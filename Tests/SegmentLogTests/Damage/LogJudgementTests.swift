import Testing

@testable import SegmentLog

@Suite("The tools and a start")
struct LogJudgementTests {
  private func judged(_ log: TestLog) throws -> LogSurvey {
    var survey = try LogSurvey(of: log.disk)
    survey.judge(by: try LogJudgement(of: log.disk))
    return survey
  }

  @Test("nothing is wrong with a log that was stopped cleanly, whatever was dropped from it")
  func healthy() throws {
    let log = try TestLog(dedupWindowMs: 0)
    for number in 1...6 {
      let stored = try log.store(number)
      if number != 2 { try log.end(stored) }
      try log.rotate()
    }
    try log.settle(compacts: false)
    #expect(log.segments.count < 7)
    try log.core.seal(nowMs: log.nowMs)
    #expect(try judged(log).problems == [])
    let judgement = try LogJudgement(of: log.disk)
    #expect(judgement.totals == log.core.totals)
    #expect(judgement.live == 1 && judgement.lost.count == 0 && judgement.unnamed == 0)
  }

  @Test("rot in a message that was answered is damage, though nothing behind it proves it")
  func answered() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    try log.settle(compacts: false)
    log.disk.crash(keeping: .everything)
    let frames = try scan(log.disk).frames
    let last = try #require(frames.last { $0.head.recordCount > 0 })
    log.disk.flip(log.segmentFile(1), bit: (Int(last.offset) + 70) * 8)
    // What the witness behind it would prove is gone, too.
    var bytes = try #require(log.disk.contents(log.segmentFile(1)))
    for index in Int(last.end)..<bytes.count { bytes[index] = 0 }
    log.disk.put(log.segmentFile(1), bytes)
    let survey = try judged(log)
    #expect(survey.severity == .damage)
    #expect(survey.problems.contains { $0.lost == 2...2 })
    #expect(try LogJudgement(of: log.disk).lost.runs == [2...2])
  }

  @Test("a file of the duplicate check that is missing is named")
  func dedup() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    for segment in 0..<3 {
      if segment > 0 { try log.rotate() }
      let stored = try log.store(segment * 2 + 1, segment * 2 + 2)
      try log.end([stored[0]])
    }
    try log.settle()
    try log.core.seal(nowMs: log.nowMs)
    #expect(try judged(log).problems == [])
    log.disk.remove(FileNames.dedup(try #require(log.dedups.first)))
    let survey = try judged(log)
    #expect(survey.severity == .damage)
    #expect(survey.problems.map(\.file) == [FileNames.dedup(1)])
  }

  @Test("what a start refuses is said, and is no clean log")
  func refused() throws {
    let log = try TestLog()
    try log.store(1)
    try log.rotate()
    log.disk.put(log.segmentFile(2), log.disk.contents(log.segmentFile(1)) ?? [])
    let judgement = try LogJudgement(of: log.disk)
    #expect(judgement.refusal == .wrongIdentity(file: log.segmentFile(2), holds: 1))
    #expect(try judged(log).severity ?? .accepted >= .damage)
  }
}
