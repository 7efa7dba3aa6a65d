import Glibc
import Testing

@testable import SegmentLog

@Suite("Writing a checkpoint")
struct CheckpointJobTests {
  private func due(_ log: TestLog) throws -> CheckpointJob {
    log.nowMs += 40_000
    return try #require(log.core.checkpointWanted(nowMs: log.nowMs))
  }

  @Test("what changes while it is written is not in it, and comes with the frames behind it")
  func snapshot() throws {
    let log = try TestLog()
    try log.store(1, 2, 3)
    try log.retry(1, count: 1, delayMs: 1000)
    let job = try due(log)
    #expect(log.core.checkpointWanted(nowMs: log.nowMs + 100_000) == nil, "one at a time")
    try log.retry(2, count: 5, delayMs: 1000)
    try log.end([1, 3])
    try log.store(4, to: "http://late:80")
    try log.rotate()
    try log.store(5)
    let result = job.run(on: log.disk)
    try log.core.checkpointed(result, nowMs: log.nowMs)
    let checkpoint = try CheckpointReader.read(1, on: log.disk)
    #expect(checkpoint.counters.nextSequence == 4)
    #expect((1...3).map { checkpoint.state(of: $0) } == [.pending, .pending, .pending])
    #expect(checkpoint.attempted == 1)
    try log.cutPower()
    #expect(log.report.checkpoint == 1)
    #expect(log.walk() == [2, 5])
    #expect(log.lookup(2)?.attempts == 5)
    #expect(log.walk("http://late:80") == [4])
  }

  @Test(
    "temporary file, sync, rename, sync of the directory; then the one before the last two goes")
  func order() throws {
    let log = try TestLog()
    for number in 1...2 {
      try log.store(number)
      try log.core.checkpointed(try due(log).run(on: log.disk), nowMs: log.nowMs)
    }
    try log.store(3)
    let job = try due(log)
    log.disk.record()
    let result = job.run(on: log.disk)
    #expect(log.disk.trace.map { $0.prefix { $0 != " " } + "" }.first == "open")
    #expect(
      log.disk.trace.suffix(4) == [
        "sync ckpt.tmp", "rename ckpt.tmp", "syncDirectory ", "unlink ckpt-1",
      ])
    try log.core.checkpointed(result, nowMs: log.nowMs)
    #expect(log.checkpoints == [2, 3])
  }

  @Test(
    "a failure leaves no trace, is tried again ten seconds later, and stops nothing",
    arguments: [DiskError.Operation.open, .write, .sync, .rename])
  func failure(operation: DiskError.Operation) throws {
    let log = try TestLog()
    try log.store(1)
    let job = try due(log)
    log.disk.inject(SimFault(operation, file: "ckpt", nth: 1, code: EIO, staysBroken: true))
    let result = job.run(on: log.disk)
    log.disk.clearFaults()
    try log.core.checkpointed(result, nowMs: log.nowMs)
    #expect(log.checkpoints == [])
    #expect(log.core.numbers.failedCheckpoints == 1)
    #expect(log.core.numbers.checkpointFailure?.code == EIO)
    #expect(try log.disk.list().contains(FileNames.checkpointTemporary) == false)
    #expect(log.core.checkpointWanted(nowMs: log.nowMs + 9_999) == nil)
    try log.store(2)
    log.nowMs += 10_000
    try log.core.checkpointed(
      try #require(log.core.checkpointWanted(nowMs: log.nowMs)).run(on: log.disk),
      nowMs: log.nowMs)
    #expect(log.checkpoints == [2])
    #expect(log.core.numbers.failedCheckpoints == 0)
    #expect(log.core.numbers.checkpointFailure == nil)
  }

  @Test("a directory that can't be synced stops the log: the next sync may claim success")
  func directory() throws {
    let log = try TestLog()
    try log.store(1)
    let job = try due(log)
    log.disk.inject(SimFault(.syncDirectory, code: EIO))
    let result = job.run(on: log.disk)
    #expect(throws: LogFailure.self) { try log.core.checkpointed(result, nowMs: log.nowMs) }
    #expect(log.core.stage([TestLog.record(2)], nowMs: log.nowMs) == .refused(.stopped))
    try log.cutPower()
    #expect(log.walk() == [1])
  }

  @Test("a clean stop leaves one, and the next start folds nothing")
  func cleanStop() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.core.seal(nowMs: log.nowMs)
    try log.cutPower()
    #expect(log.report.checkpoint == 1)
    #expect(log.report.cleanStop)
    #expect(log.report.frames == 0)
    #expect(log.report.messages == 2)
    // Starts without work write none.
    try log.core.seal(nowMs: log.nowMs)
    #expect(log.checkpoints == [1])
  }
}
