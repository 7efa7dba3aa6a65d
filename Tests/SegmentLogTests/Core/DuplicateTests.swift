import Testing

@testable import SegmentLog

@Suite("Duplicates and conflicts")
struct DuplicateTests {
  private func stage(_ log: TestLog, _ records: NewRecord...) -> Staged {
    log.core.stage(records, nowMs: log.nowMs)
  }

  @Test(
    "the same UUID with the same content is a duplicate, with other content a conflict",
    arguments: [1, 1000])
  func both(recentMax: Int) throws {
    let log = try TestLog(recentMax: recentMax)
    try log.store(1)
    try log.store(2)
    for _ in 0..<2 {
      #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
      #expect(stage(log, TestLog.record(1, content: 1)) == .conflict([0]))
      #expect(!log.core.hasStaged)
      try log.cutPower()
    }
  }

  @Test("a twin in the same frame waits for the same commit")
  func twinInFlight() throws {
    let log = try TestLog()
    #expect(stage(log, TestLog.record(1)) == .taken([.stored(1)], needsCommit: true))
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: true))
    #expect(stage(log, TestLog.record(1, content: 1)) == .conflict([0]))
    #expect(try log.commit().count == 1)
  }

  @Test("a twin inside of a batch is a duplicate; other content refuses the whole batch")
  func batch() throws {
    let log = try TestLog()
    let twin = TestLog.record(1)
    #expect(
      stage(log, twin, TestLog.record(2), twin)
        == .taken([.stored(1), .stored(2), .duplicate(1)], needsCommit: true))
    try log.commit()
    #expect(
      stage(
        log, TestLog.record(3), TestLog.record(2, content: 9), TestLog.record(4),
        TestLog.record(4, content: 9))
        == .conflict([1, 3]))
    #expect(!log.core.hasStaged)
    #expect(log.core.totals.accepted == 2)
  }

  @Test("a delivered message is remembered for the window, from its acceptance")
  func window() throws {
    let log = try TestLog(dedupWindowMs: 10_000)
    try log.store(1)
    log.nowMs += 6000
    try log.end([1])
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
    log.nowMs += 3999
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
    log.nowMs += 1
    #expect(stage(log, TestLog.record(1)) == .taken([.stored(2)], needsCommit: true))
    try log.commit()
    #expect(log.lookup(1)?.sequence == 2)
  }

  @Test("a live message is remembered for ever")
  func live() throws {
    let log = try TestLog(dedupWindowMs: 10)
    try log.store(1)
    log.nowMs += 1_000_000_000
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
  }

  @Test("a dead or cancelled UUID may be posted again, and the newest is meant")
  func again() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.end([1], .dead, status: 410)
    try log.end([2], .cancelled)
    #expect(
      stage(log, TestLog.record(1, content: 5), TestLog.record(2))
        == .taken([.stored(3), .stored(4)], needsCommit: true))
    try log.commit()
    #expect(log.lookup(1)?.sequence == 3)
    #expect(log.payload(1) != nil, "the dead one stays readable")
    try log.end([3], .dead, status: 410)
    #expect(stage(log, TestLog.record(1)) == .taken([.stored(5)], needsCommit: true))
  }

  @Test("beyond dedup_max the oldest delivered ones are forgotten")
  func maximum() throws {
    let log = try TestLog(dedupMax: 3)
    let sequences = try log.store(1, 2, 3, 4, 5)
    try log.end(Array(sequences[1...]))
    #expect(stage(log, TestLog.record(2)) == .taken([.stored(6)], needsCommit: true))
    try log.commit()
    #expect(stage(log, TestLog.record(3)) == .taken([.duplicate(3)], needsCommit: false))
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
  }

  @Test("two keys that look alike in the index are told apart on disk")
  func collision() throws {
    let log = try TestLog(recentMax: 1)
    var first = TestLog.record(1)
    first.key = UUIDKey(high: 7 << 56 | 1, low: 99)
    var second = TestLog.record(2)
    second.key = UUIDKey(high: 7 << 56 | 2, low: 99)
    try log.store([first])
    #expect(stage(log, second) == .taken([.stored(2)], needsCommit: true))
    try log.commit()
    for _ in 0..<2 {
      #expect(
        stage(log, first, second) == .taken([.duplicate(1), .duplicate(2)], needsCommit: false))
      #expect(log.core.lookup(key: second.key, uuid: second.uuid)?.sequence == 2)
      try log.cutPower()
    }
  }

  @Test("what can't be confirmed is new")
  func unconfirmed() throws {
    let log = try TestLog(recentMax: 1)
    try log.store(1)
    try log.store(2)
    log.disk.inject(SimFault(.read, code: 5, staysBroken: true))
    #expect(stage(log, TestLog.record(1)) == .taken([.stored(3)], needsCommit: true))
    log.disk.clearFaults()
  }

  @Test("a twin of a message whose sync failed is a duplicate only when that one is durable")
  func syncFailsThenTwin() throws {
    let log = try TestLog()
    log.disk.inject(SimFault(.sync, code: 5))
    _ = stage(log, TestLog.record(1))
    #expect(throws: LogFailure.self) { try log.commit() }
    log.disk.restartKeepingCache()
    try log.restart()
    #expect(log.report.reloggedFrames == 1)
    #expect(stage(log, TestLog.record(1)) == .taken([.duplicate(1)], needsCommit: false))
    try log.cutPower()
    #expect(log.walk() == [1])
    #expect(log.report.damage == [])
  }
}
