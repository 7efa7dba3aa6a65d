import Glibc
import Testing

@testable import SegmentLog

@Suite("Rotation")
struct RotationTests {
  @Test("header, sync, rename, sync of the directory, cut of the old file: in this order")
  func order() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    try log.prepare()
    try log.store(1)
    let end = log.core.active.offset
    log.disk.record()
    try log.rotate()
    #expect(
      log.disk.trace == [
        "write next.tmp 0+8192", "sync next.tmp", "rename next.tmp",
        "syncDirectory ", "truncate next.tmp \(end)",
      ])
    #expect(log.disk.contents(log.segmentFile(1))?.count == Int(end))
  }

  @Test("a frame that is larger than what is left goes to the next segment")
  func full() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    for number in 1...6 {
      try log.store([TestLog.record(number, payload: noise(3000, seed: number))])
    }
    #expect(log.segments.count == 3)
    try log.cutPower()
    #expect(log.walk() == [1, 2, 3, 4, 5, 6])
    #expect(log.payload(5) != nil)
  }

  @Test("a frame that is larger than a segment gets a segment of its own size")
  func oversize() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    try log.prepare()
    try log.store(1)
    try log.store([TestLog.record(2, payload: noise(100_000, seed: 2))])
    try log.store(3)
    #expect(log.core.state.segments.map(\.messages) == [1, 2])
    try log.cutPower()
    #expect(log.walk() == [1, 2, 3])
    let payload = LogReader(disk: log.disk).payloads(at: log.core.locate([2]))[0]
    #expect(payload == noise(100_000, seed: 2))
  }

  @Test("each segment defines the destinations that it uses")
  func definitions() throws {
    let log = try TestLog()
    try log.store(1, to: "http://a:80")
    try log.store(2, to: "http://b:80")
    try log.rotate()
    try log.store(3, to: "http://b:80")
    try log.rotate()
    try log.store([4, 5].map { TestLog.record($0, to: "http://a:80") })
    try log.store(6, to: "http://b:80")
    let defined = try (1...3).map { id in
      try scan(log.disk, id: UInt64(id)).directories.flatMap { $0.destinations.map(\.origin) }
    }
    #expect(
      defined == [
        ["http://a:80", "http://b:80"], ["http://b:80"], ["http://a:80", "http://b:80"],
      ])
    try log.cutPower()
    #expect(log.walk("http://a:80") == [1, 4, 5])
    #expect(log.walk("http://b:80") == [2, 3, 6])
  }

  @Test("the header holds the accounting and where the segment before ends")
  func header() throws {
    let log = try TestLog()
    try log.store(1, 2, 3)
    try log.end([1])
    try log.end([2], .dead, status: 410)
    let end = log.core.active.offset
    try log.rotate()
    let header = try SegmentHeader.read(from: log.disk.open(log.segmentFile(2), .readOnly)).header
    #expect(header.totals == log.core.totals)
    #expect(header.firstSequence == 4)
    #expect(header.predecessor?.id == 1)
    #expect(header.predecessor?.durableLength == end)
    #expect(header.predecessor?.lastSequence == 3)
    #expect(header.predecessor?.lastFrameCRC == (try scan(log.disk)).frames.last?.head.crc)
  }

  @Test("without a prepared file one is made on the spot, beside the one in the making")
  func hurried() throws {
    let log = try TestLog()
    let job = try #require(log.core.preparationWanted(nowMs: log.nowMs))
    #expect(log.core.preparationWanted(nowMs: log.nowMs) == nil)
    let result = job.run(on: log.disk)
    try log.rotate()
    log.core.prepared(result, nowMs: log.nowMs)
    try log.rotate()
    #expect(log.segments == [1, 2, 3])
    #expect(try log.disk.list().filter(FileNames.isTemporary) == [])
  }

  @Test("a finished segment that is old and used well goes on to the next")
  func timed() throws {
    let log = try TestLog(segmentSize: 16 << 10, dedupWindowMs: 0)
    try log.prepare()
    let sequences = try log.store([TestLog.record(1, payload: noise(3000, seed: 1))])
    try log.settle()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
    try log.end(sequences)
    try log.settle()
    let due = try #require(log.core.nextTickDueMs(nowMs: log.nowMs))
    #expect(due == log.core.active.header.createdMs + 600_000)
    log.nowMs = due - 1
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.segments == [1])
    try log.settle()
    #expect(log.segments == [2], "the old one is finished, so its file goes")
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
  }

  @Test("an error before the rename is survived once")
  func headerWriteFails() throws {
    let log = try TestLog()
    try log.prepare()
    log.disk.inject(SimFault(.write, code: EIO, effect: .partial(300)))
    try log.rotate()
    try log.store(1)
    try log.cutPower()
    #expect(log.walk() == [1])
  }

  @Test("an error of sync, rename or directory sync stops the log, and a restart finds all")
  func fatal() throws {
    for operation in [DiskError.Operation.sync, .rename, .syncDirectory] {
      for effect in [SimFault.Effect.nothing, .complete] {
        let log = try TestLog()
        try log.store(1)
        try log.prepare()
        log.disk.inject(SimFault(operation, code: EIO, effect: effect))
        #expect(throws: LogFailure.self) { try log.rotate() }
        #expect(log.core.stage([TestLog.record(2)], nowMs: log.nowMs) == .refused(.stopped))
        log.disk.restartKeepingCache()
        try log.restart()
        #expect(log.walk() == [1])
        #expect(log.report.damage == [])
        try log.cutPower()
        #expect(log.walk() == [1])
        #expect(log.report.damage == [])
      }
    }
  }
}

/// Bytes that don't compress.
func noise(_ count: Int, seed: Int) -> [UInt8] {
  var random = SplitMix64(seed: UInt64(seed))
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}
