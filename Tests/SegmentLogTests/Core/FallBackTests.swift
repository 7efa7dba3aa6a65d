import Glibc
import Testing

@testable import SegmentLog

/// Starts without the checkpoint that would have known better.
@Suite("What a start falls back to")
struct FallBackTests {
  @Test("the text of an earlier attempt is not the reason of a dead letter that has none")
  func textless() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    try log.end([2])
    try log.rotate()
    // This segment stays, and with it the text.
    try log.retry(1, count: 1, delayMs: 100, error: "refused")
    try log.retry(1, count: 2, delayMs: 100)
    try log.end([1], .dead, attempts: 2, status: 410)
    try log.settle()
    #expect(log.cold == [1])
    #expect(log.lookup(1)?.note == nil)
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.report.checkpoint == nil)
    #expect(log.report.damage == [])
    let dead = try #require(log.lookup(1))
    #expect(dead.state == .dead)
    #expect(dead.location?.file == FileNames.cold(1))
    #expect(dead.note.flatMap { log.core.reader.note(at: $0) } == nil)
  }

  @Test("a text that stands in a segment that was not compacted stays that of a dead letter")
  func textElsewhere() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    try log.end([2])
    try log.rotate()
    try log.retry(1, count: 1, delayMs: 100, error: "refused")
    try log.end([1], .dead, attempts: 1, status: 410)
    try log.settle()
    #expect(log.cold == [1])
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.lookup(1)?.state == .dead)
    #expect(log.lookup(1)?.note.flatMap { log.core.reader.note(at: $0) } == "refused")
  }

  /// The sync of the directory failed behind the rename, and no later one cures that: the checkpoint
  /// can be seen until the power goes.
  @Test("what the older checkpoint needs stays while the newer one's name may not be durable")
  func checkpointWithoutName() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    try log.store(1, 2)
    try log.settle(compacts: false)
    try log.end([1])
    try log.rotate()
    try log.copyForwardSoon()
    #expect(log.cold == [1])
    log.nowMs += 60_000
    let job = try #require(log.core.checkpointWanted(nowMs: log.nowMs))
    log.disk.inject(SimFault(.syncDirectory, code: EIO))
    #expect(throws: LogFailure.self) {
      try log.core.checkpointed(job.run(on: log.disk), nowMs: log.nowMs)
    }
    log.disk.restartKeepingCache()
    let older = FileNames.checkpoint(try #require(log.checkpoints.first))
    log.disk.flip(older, bit: 800)
    try log.restart()
    #expect(log.report.checkpoint == log.checkpoints.last)
    #expect(log.segments.first == 1)
    try log.cutPower()
    #expect(log.report.checkpoint == nil)
    #expect(log.report.damage == [])
    #expect(log.walk() == [2])
    #expect(log.payload(2) == "{\"number\":2}")
    #expect(log.core.totals.delivered == 1)
  }
}

extension TestLog {
  /// The compaction that comes first, without any other upkeep.
  fileprivate func copyForwardSoon() throws {
    nowMs += 6000
    #expect(try copyForward())
  }
}
