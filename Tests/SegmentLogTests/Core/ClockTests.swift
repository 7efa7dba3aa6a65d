import Testing

@testable import SegmentLog

/// The clock is a guest here: it may be set to anything at any time.
@Suite("A clock that jumps")
struct ClockTests {
  private static let year: UInt64 = 365 * 86_400_000
  private static let steps: [(name: String, step: @Sendable (UInt64) -> UInt64)] = [
    ("ten years back", { $0 - 10 * year }), ("fifty years on", { $0 + 50 * year }),
    ("to 1970", { _ in 0 }),
    ("to the last that the format holds", { _ in FormatLimits.numberMax - 1 }),
  ]

  @Test("order and durability don't depend on it", arguments: steps.indices)
  func order(index: Int) throws {
    let log = try TestLog()
    try log.store(1, 2)
    log.nowMs = Self.steps[index].step(log.nowMs)
    try log.store(3)
    try log.retry(1, count: 1, delayMs: 2000)
    try log.rotate()
    try log.cutPower()
    log.nowMs = 1_700_000_000_000
    try log.store(4)
    try log.end([2])
    try log.core.tick(nowMs: log.nowMs)
    try log.cutPower()
    #expect(log.report.damage.isEmpty)
    #expect(log.walk() == [1, 3, 4])
    #expect((1...4).map { log.lookup($0)?.sequence } == [1, 2, 3, 4])
    #expect(log.core.totals.accepted == 4)
    #expect(log.core.totals.delivered == 1)
    #expect([1, 3, 4].map { log.payload($0) } == [1, 3, 4].map { "{\"number\":\($0)}" })
  }

  @Test("the duplicate window is over in the log's time, though the clock was set back since")
  func window() throws {
    let log = try TestLog(dedupWindowMs: 20_000)
    try log.store(1)
    try log.end([1])
    log.nowMs += 25_000
    try log.store(2)
    log.nowMs -= 3_000_000
    #expect(
      log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
        == .taken([.stored(3)], needsCommit: true))
  }

  @Test("the times of frames never go back, whatever the clock does")
  func monotonic() throws {
    let log = try TestLog()
    var times: [UInt64] = []
    for (number, (_, step)) in Self.steps.enumerated() {
      log.nowMs = step(log.nowMs)
      _ = log.core.stage([TestLog.record(number + 1)], nowMs: log.nowMs)
      times.append(try log.commit().committedAtMs)
    }
    #expect(times == times.sorted())
  }

  @Test(
    "a retry is due again within its delay after a restart, wherever the clock stands",
    arguments: steps.indices)
  func due(index: Int) throws {
    let log = try TestLog()
    try log.store(1)
    try log.retry(1, count: 1, delayMs: 2000)
    log.nowMs = Self.steps[index].step(log.nowMs)
    try log.cutPower()
    let retry = try #require(log.lookup(1)?.retry)
    #expect(retry.remainingMs(nowMs: log.nowMs) <= 2000)
    #expect(retry.delayMs == 2000)
  }

  @Test(
    "nothing that waits for a time waits longer than it should have, wherever the clock stands",
    arguments: steps.indices)
  func ticks(index: Int) throws {
    let log = try TestLog()
    try log.store(1)
    try log.prepare()
    log.nowMs = Self.steps[index].step(log.nowMs)
    let due = try #require(log.core.nextTickDueMs(nowMs: log.nowMs))
    #expect(due <= log.nowMs + Upkeep.witnessMs)
    try log.core.tick(nowMs: max(due, log.nowMs))
    #expect(!log.core.active.isUnproven)
  }

  @Test(
    "space is looked at and messages are taken whatever the clock does", arguments: steps.indices)
  func space(index: Int) throws {
    let log = try TestLog(disk: SimDisk(seed: 1, capacity: 4 << 20))
    try log.store(1)
    log.nowMs = Self.steps[index].step(log.nowMs)
    try log.store(2)
    log.disk.put("ballast", [UInt8](repeating: 1, count: Int(try log.disk.space().availableBytes)))
    log.nowMs = 1_700_000_000_000
    #expect(log.core.stage([TestLog.record(3)], nowMs: log.nowMs) == .refused(.diskFull))
    log.disk.put("ballast", [])
    log.nowMs = Self.steps[index].step(log.nowMs)
    let due = try #require(log.core.nextTickDueMs(nowMs: log.nowMs))
    #expect(due <= log.nowMs + SpaceWatch.periodMs)
    try log.core.tick(nowMs: max(due, log.nowMs))
    try log.store(3)
  }
}
