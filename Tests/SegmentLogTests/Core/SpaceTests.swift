import Glibc
import Testing

@testable import SegmentLog

@Suite("A full disk")
struct SpaceTests {
  /// A log with some messages, on a disk on which nothing more can be prepared.
  private func fullLog() throws -> (TestLog, [Sequence]) {
    let log = try TestLog(segmentSize: 256 << 10)
    let sequences = try log.store(1, 2, 3)
    log.disk.setCapacity(300 << 10)
    try log.prepare()
    #expect(log.core.preparation.lacksSpace)
    return (log, sequences)
  }

  @Test("new messages are taken as long as the reserve for outcomes is untouched")
  func refused() throws {
    let (log, _) = try fullLog()
    var number = 10
    while true {
      let record = TestLog.record(number, payload: noise(10_000, seed: number))
      let staged = log.core.stage([record], nowMs: log.nowMs)
      if staged == .refused(.diskFull) { break }
      try log.commit()
      number += 1
    }
    #expect(number > 10)
    #expect(log.segments == [1])
    let left = log.core.active.capacity - log.core.active.offset
    #expect(left >= 64 << 10)
    #expect(left < 90 << 10)
  }

  @Test("outcomes and attempts go on")
  func outcomes() throws {
    let (log, sequences) = try fullLog()
    var number = 10
    while log.core.stage(
      [TestLog.record(number, payload: noise(10_000, seed: number))], nowMs: log.nowMs)
      != .refused(.diskFull)
    {
      try log.commit()
      number += 1
    }
    try log.end([sequences[0]])
    try log.retry(sequences[1], count: 1, delayMs: 2000)
    #expect(log.core.totals.delivered == 1)
    try log.cutPower()
    #expect(log.lookup(2)?.attempts == 1)
  }

  @Test("when the reserve is used up, outcomes are refused for the time being and nothing stops")
  func reserveUsedUp() throws {
    let (log, sequences) = try fullLog()
    var count: UInt32 = 0
    while true {
      count += 1
      let change = StateChange.attempt(
        AttemptRecord(
          sequence: sequences[0], count: count, delayMs: 1, status: 503,
          error: String(repeating: "x", count: 500)))
      let staged = log.core.stage([change])
      if staged == .refused(.diskFull) { break }
      try log.commit()
    }
    #expect(log.segments == [1])
    log.disk.setCapacity(.max)
    log.nowMs += 1000
    try log.prepare()
    try log.end([sequences[0]])
    #expect(log.core.totals.delivered == 1)
  }

  @Test("it opens by itself when there is room again, a second after the last try at the latest")
  func opens() throws {
    let (log, _) = try fullLog()
    let large = TestLog.record(50, payload: noise(254_000, seed: 5))
    #expect(log.core.stage([large], nowMs: log.nowMs) == .refused(.diskFull))
    #expect(log.core.preparationWanted(nowMs: log.nowMs + 999) == nil)
    #expect(
      try #require(log.core.nextTickDueMs(nowMs: log.nowMs + 10)) <= log.nowMs + 1000)
    log.disk.setCapacity(.max)
    log.nowMs += 1000
    try log.prepare()
    try log.store([large])
    #expect(log.segments == [1, 2])
    try log.cutPower()
    #expect(log.core.totals.accepted == 4)
  }

  @Test("a frame that finds no room for a new segment is forgotten whole")
  func noSpace() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    log.disk.setCapacity(70 << 10)
    _ = log.core.stage([TestLog.record(2, payload: noise(60_000, seed: 1))], nowMs: log.nowMs)
    #expect(try log.core.commit(nowMs: log.nowMs) == .noSpace)
    #expect(!log.core.hasStaged)
    #expect(try log.store(3) == [2])
    log.disk.setCapacity(.max)
    try log.cutPower()
    #expect(log.walk() == [1, 2])
    #expect(log.lookup(2) == nil)
  }

  @Test("a log opens on a full disk, with a small segment")
  func openFull() throws {
    let log = try TestLog(segmentSize: 256 << 10)
    try log.store(1)
    log.disk.crash(keeping: .everything)
    log.disk.setCapacity(400 << 10)
    try log.restart()
    #expect(log.walk() == [1])
    try log.end([1])
    try log.cutPower()
    #expect(log.core.totals.delivered == 1)
  }

  @Test("without room for even that it says so and changes nothing")
  func openWithoutRoom() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    log.disk.crash(keeping: .everything)
    let before = try log.disk.list()
    log.disk.setCapacity(65 << 10)
    let error = #expect(throws: LogError.self) { try log.restart() }
    guard case .disk(let cause) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.isNoSpace)
    #expect(try log.disk.list() == before)
  }
}
