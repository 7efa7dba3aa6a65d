import Glibc
import Testing

@testable import SegmentLog

@Suite("Commits")
struct CommitTests {
  @Test("a message is there when the commit returned, whatever the power does then")
  func durable() throws {
    let log = try TestLog()
    #expect(try log.store(1, 2) == [1, 2])
    try log.cutPower()
    #expect(log.walk() == [1, 2])
    #expect(log.payload(2) == "{\"number\":2}")
    #expect(log.core.totals.accepted == 2)
    #expect(log.core.totals.pending == 2)
  }

  @Test("what is staged is not there before the commit")
  func staged() throws {
    let log = try TestLog()
    #expect(
      log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
        == .taken([.stored(1)], needsCommit: true))
    #expect(log.core.hasStaged)
    #expect(log.lookup(1) == nil)
    #expect(log.core.totals.accepted == 0)
    try log.cutPower()
    #expect(log.walk() == [])
  }

  @Test("one commit is one write and one sync")
  func oneSync() throws {
    let log = try TestLog()
    let (writes, syncs) = (log.disk.calls(.write), log.disk.calls(.sync))
    try log.store(Array(1...200).map { TestLog.record($0) })
    #expect(log.disk.calls(.write) == writes + 1)
    #expect(log.disk.calls(.sync) == syncs + 1)
  }

  @Test("a commit without anything staged touches nothing")
  func empty() throws {
    let log = try TestLog()
    let changes = log.disk.changes
    #expect(try log.commit().count == 0)
    #expect(log.disk.changes == changes)
  }

  @Test("a frame is full at 1,024 messages or 1 MiB, and takes a larger batch when it is empty")
  func limits() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    let many = Array(1...1000).map { TestLog.record($0) }
    #expect(log.core.stage(many, nowMs: log.nowMs) != .frameFull)
    let more = Array(1001...1024).map { TestLog.record($0) }
    #expect(log.core.stage(more, nowMs: log.nowMs) != .frameFull)
    #expect(log.core.stage([TestLog.record(1025)], nowMs: log.nowMs) == .frameFull)
    try log.commit()

    let half = TestLog.record(2000, payload: [UInt8](repeating: 7, count: 600_000))
    let other = TestLog.record(2001, payload: [UInt8](repeating: 7, count: 600_000))
    #expect(log.core.stage([half], nowMs: log.nowMs) != .frameFull)
    #expect(log.core.stage([other], nowMs: log.nowMs) == .frameFull)
    try log.commit()
    let big = Array(3000..<4000).map {
      TestLog.record($0, payload: [UInt8](repeating: 1, count: 4000))
    }
    #expect(try log.store(big).count == 1000)
    try log.cutPower()
    #expect(log.core.totals.accepted == 1024 + 1 + 1000)
  }

  @Test("what no frame can hold is refused")
  func tooLarge() throws {
    let log = try TestLog()
    let huge = TestLog.record(1, payload: [UInt8](repeating: 0, count: 33 << 20))
    #expect(log.core.stage([huge], nowMs: log.nowMs) == .refused(.tooLarge))
    #expect(!log.core.hasStaged)
  }

  @Test("the time of a frame never goes back")
  func monotonicTime() throws {
    let log = try TestLog()
    try log.store(1)
    let before = log.nowMs
    log.nowMs -= 3_600_000
    _ = log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
    #expect(try log.commit().committedAtMs == before)
    try log.cutPower()
    _ = log.core.stage([TestLog.record(3)], nowMs: log.nowMs)
    #expect(try log.commit().committedAtMs == before)
  }

  @Test("after a quiet second the last frame gets a witness, once")
  func witness() throws {
    let log = try TestLog()
    try log.prepare()
    try log.store(1)
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == log.nowMs + 1000)
    log.nowMs += 999
    let syncs = log.disk.calls(.sync)
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.disk.calls(.sync) == syncs)
    log.nowMs += 1
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.disk.calls(.sync) == syncs + 1)
    try log.checkpoint()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
    log.nowMs += 100_000
    let before = log.disk.calls(.sync)
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.disk.calls(.sync) == before)
    try log.cutPower()
    #expect(log.report.reloggedFrames == 0)
    #expect(log.walk() == [1])
  }

  @Test("a clock that goes back doesn't put the witness off")
  func witnessClock() throws {
    let log = try TestLog()
    try log.prepare()
    try log.store(1)
    log.nowMs -= 7_200_000
    try log.checkpoint()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == log.nowMs)
  }

  @Test("a failed write goes to the next segment, with the same sequences")
  func failedWrite() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.inject(SimFault(.write, code: EIO, effect: .partial(100)))
    #expect(try log.store(2, 3) == [2, 3])
    #expect(log.segments == [1, 2])
    try log.cutPower()
    #expect(log.walk() == [1, 2, 3])
    #expect(log.report.damage == [])
  }

  @Test("a short write is a failed write")
  func shortWrite() throws {
    let log = try TestLog()
    log.disk.inject(.shortWrite(bytes: 70))
    #expect(try log.store(1) == [1])
    #expect(log.segments == [1, 2])
    try log.cutPower()
    #expect(log.walk() == [1])
  }

  @Test("a second failed write in a row stops the log")
  func failedTwice() throws {
    let log = try TestLog()
    // The frame; then the zeros and the header of the next segment, and the frame again.
    log.disk.inject(SimFault(.write, nth: 1, code: EIO))
    log.disk.inject(SimFault(.write, nth: 4, code: EIO))
    _ = log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
    #expect(throws: LogFailure.self) { try log.commit() }
    #expect(log.core.stage([TestLog.record(2)], nowMs: log.nowMs) == .refused(.stopped))
  }

  @Test("a failed sync stops the log, says which file, and nothing is done afterwards")
  func failedSync() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.inject(SimFault(.sync, code: EIO))
    _ = log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
    let failure = #expect(throws: LogFailure.self) { try log.commit() }
    #expect(failure?.error.operation == .sync)
    #expect(failure?.error.file == "/sim/wal-0000000000000001.seg")
    let changes = log.disk.changes
    #expect(throws: LogFailure.self) { try log.commit() }
    #expect(throws: LogFailure.self) { try log.core.tick(nowMs: log.nowMs + 5000) }
    #expect(throws: LogFailure.self) { try log.core.seal(nowMs: log.nowMs) }
    #expect(throws: LogFailure.self) { try log.core.compact(nowMs: log.nowMs) }
    #expect(
      log.core.stage([.attempt(AttemptRecord(sequence: 1, count: 1, delayMs: 1, status: 0))])
        == .refused(.stopped))
    #expect(log.core.preparationWanted(nowMs: log.nowMs) == nil)
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
    #expect(log.disk.changes == changes)
  }
}
