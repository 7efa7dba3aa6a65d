import Testing

@testable import SegmentLog

@Suite("Walking what waits")
struct WalkTests {
  private func log() throws -> TestLog {
    let log = try TestLog(segmentSize: 16 << 10)
    for number in 1...40 {
      if number % 15 == 0 { try log.rotate() }
      try log.store(number, to: "http://\(number % 3 == 0 ? "a" : "b"):80")
    }
    return log
  }

  @Test("pages of any size show the same messages, in order, each once")
  func pages() throws {
    let log = try log()
    let expected = (UInt64(1)...40).filter { $0 % 3 != 0 }
    for page in [1, 2, 7, 100] {
      #expect(log.walk("http://b:80", page: page) == expected)
    }
    #expect(log.walk("http://nobody:80") == [])
    try log.cutPower()
    #expect(log.walk("http://b:80", page: 3) == expected)
  }

  @Test("the end of a walk says up to where it saw")
  func upTo() throws {
    let log = try log()
    let first = log.core.walkPlan(destination: "http://a:80", after: 0, limit: 2)
    #expect(first.entries.map(\.location.sequence) == [3, 6])
    #expect(first.next == 6 || first.next == 8)
    let rest = log.core.walkPlan(destination: "http://a:80", after: 36, limit: 100)
    #expect(rest.entries.map(\.location.sequence) == [39])
    #expect(rest.next == nil)
    #expect(rest.upTo == 40)
  }

  @Test("ended and dead messages don't show, tried ones show what is known of them")
  func states() throws {
    let log = try log()
    try log.end([3, 9])
    try log.end([6], .dead, status: 410)
    try log.retry(12, count: 5, delayMs: 32_000, status: 429)
    #expect(log.walk("http://a:80").prefix(2) == [12, 15])
    let plan = log.core.walkPlan(destination: "http://a:80", after: 0, limit: 1)
    let entry = LogReader(disk: log.disk).entries(of: plan)[0]
    #expect(entry.attempts == 5)
    #expect(entry.lastStatus == 429)
    #expect(entry.retry == RetryTime(dueAtMs: log.nowMs + 32_000, delayMs: 32_000))
    #expect(entry.acceptedAtMs == log.nowMs)
  }

  @Test("each destination's backlog is counted, and where it begins")
  func backlogs() throws {
    let log = try log()
    try log.end([1, 2])
    for _ in 0..<2 {
      let found = log.core.destinationsWithPending().sorted { $0.origin < $1.origin }
      #expect(found.map(\.origin) == ["http://a:80", "http://b:80"])
      #expect(found.map(\.count) == [13, 25])
      #expect(found[0].firstSequence <= 3)
      #expect(found[1].firstSequence <= 4)
      try log.cutPower()
    }
  }

  @Test("payloads are found across frames and segments, nil for what has ended")
  func payloads() throws {
    let log = try log()
    try log.end([5])
    let wanted: [Sequence] = [4, 5, 6, 7, 33, 2, 99]
    let found = LogReader(disk: log.disk).payloads(at: log.core.locate(wanted))
    #expect(
      found.map { $0.map { String(decoding: $0, as: UTF8.self) } }
        == [4, nil, 6, 7, 33, 2, nil].map { $0.map { "{\"number\":\($0)}" } })
  }

  @Test("a message in a long segment is found from the nearest mark")
  func marks() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    for number in 1...60 {
      try log.store([TestLog.record(number, payload: noise(9000, seed: number))])
    }
    #expect(log.core.state.segments[0].marks.count >= 7)
    let reader = LogReader(disk: log.disk)
    for number in [60, 1, 31, 30, 59] {
      #expect(
        reader.payloads(at: log.core.locate([UInt64(number)])) == [noise(9000, seed: number)])
    }
  }

  @Test("a reader that meets a dropped segment finds nothing, and no error")
  func dropped() throws {
    let log = try TestLog()
    try log.store(1, 2)
    let plan = log.core.walkPlan(destination: "http://b:80", after: 0, limit: 10)
    let locations = log.core.locate([1, 2])
    try log.rotate()
    try log.end([1, 2])
    _ = try log.core.compact(nowMs: log.nowMs)
    let reader = LogReader(disk: log.disk)
    #expect(reader.entries(of: plan) == [])
    #expect(reader.payloads(at: locations) == [nil, nil])
  }
}
