import Testing

@testable import SegmentLog

@Suite("The history of a message")
struct MessageHistoryTests {
  private func history(_ number: Int, _ log: TestLog) throws -> MessageHistory {
    let record = TestLog.record(number)
    return try MessageHistory(
      of: record.uuid, key: record.key, in: LogChain.read(log.disk), on: log.disk)
  }

  /// Segments of two messages each, the first of which was delivered at the second attempt.
  private func compacted() throws -> TestLog {
    let log = try TestLog(disk: SimDisk(seed: 1), segmentSize: 16 << 10)
    for segment in 0..<3 {
      if segment > 0 { try log.rotate() }
      let stored = try log.store(segment * 2 + 1, segment * 2 + 2)
      try log.end([stored[0]], attempts: 2, status: 201)
    }
    try log.prepare()
    try log.settle()
    #expect(log.segments == [3] && log.cold == [1] && log.dedups == [1])
    return log
  }

  @Test("a delivered message that only a dedup file remembers is found, as the server finds it")
  func remembered() throws {
    let log = try compacted()
    #expect(log.lookup(1)?.state == .delivered)
    let history = try history(1, log)
    #expect(history.sequences == [1])
    #expect(history.state(of: 1) == .delivered)
    let rest = try #require(history.remainder(of: 1))
    #expect(rest.attempts == 2 && rest.status == 201)
    #expect(rest.acceptedAtMs == 1_700_000_000_000 && rest.file == FileNames.dedup(1))
    #expect(try self.history(9, log).sequences.isEmpty)
  }

  @Test("a message that waits in a compacted segment has lost nothing, and no time is made up")
  func copied() throws {
    let log = try TestLog(disk: SimDisk(seed: 1), segmentSize: 16 << 10)
    try log.store(1, 2, 3)
    log.nowMs += 500
    try log.retry(2, count: 1, delayMs: 4000, error: "connection refused")
    try log.end([3], .dead, attempts: 1, status: 410, error: "410 Gone")
    log.nowMs += 500
    try log.end([1])
    try log.rotate()
    log.nowMs += 60_000
    try log.store(4)
    try log.prepare()
    try log.settle()
    #expect(log.cold == [1])
    let waiting = try history(2, log)
    #expect(
      waiting.events.map(\.atMs) == [1_700_000_000_000, 1_700_000_000_500], "\(waiting.events)")
    #expect(waiting.events.last?.error == "connection refused")
    #expect(waiting.state(of: 2) == .pending && waiting.remainder(of: 2) == nil)
    let dead = try history(3, log)
    // The frame of the copy is of another time than the end.
    #expect(dead.events.map(\.atMs) == [1_700_000_000_000, 0])
    #expect(dead.events.last?.error == "410 Gone")
    #expect(dead.state(of: 3) == .dead)
  }

  @Test("an end whose record was dropped is told by the checkpoint")
  func dropped() throws {
    let log = try TestLog(disk: SimDisk(seed: 2))
    try log.store(1, 2)
    try log.rotate()
    try log.store(3, 4)
    try log.end([2, 3, 4], attempts: 3, status: 204)
    try log.rotate()
    try log.settle(compacts: false)
    try log.store(5)
    try log.settle(compacts: false)
    if log.segments.contains(2) { try log.disk.unlink(FileNames.segment(2)) }
    let history = try history(2, log)
    #expect(history.events.count == 1)
    #expect(history.state(of: 2) == .delivered)
    let rest = try #require(history.remainder(of: 2))
    #expect(rest.attempts == 3 && rest.status == 204 && rest.file.hasPrefix("ckpt-"))
    #expect(try self.history(1, log).state(of: 1) == .pending)
    #expect(try self.history(1, log).remainder(of: 1) == nil)
  }

  @Test("statistics of a compacted log begin before they end, and count what lies on the disk")
  func statistics() throws {
    let log = try compacted()
    let stats = try LogStats(of: log.disk)
    let first = try #require(stats.firstAtMs)
    let last = try #require(stats.lastAtMs)
    #expect(first >= 1_700_000_000_000 && first <= last)
    let reserve = FileNames.reserves.reduce(0) { $0 + UInt64(log.disk.contents($1)?.count ?? 0) }
    #expect(reserve > 0)
    #expect(stats.reserveBytes == reserve && stats.bytesOnDisk == log.disk.bytes)
    // What was copied has no time, and is no end of a moment ago.
    #expect(stats.delivered.max == 0)
  }
}
