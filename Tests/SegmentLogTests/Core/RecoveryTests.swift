import Glibc
import Testing

@testable import SegmentLog

@Suite("Recovery")
struct RecoveryTests {
  @Test("a new directory becomes a store with one segment")
  func fresh() throws {
    let log = try TestLog()
    #expect(try log.disk.list() == ["store.json", "wal-0000000000000001.seg"])
    #expect(log.report == RecoveryReport())
    #expect(log.core.store == log.options.newStore)
    try log.cutPower()
    #expect(log.core.store == StoreUUID(high: 77, low: 88))
  }

  @Test("after a clean stop nothing is logged again")
  func clean() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.core.seal(nowMs: log.nowMs)
    #expect(log.core.stage([TestLog.record(3)], nowMs: log.nowMs) == .refused(.stopped))
    #expect(try scan(log.disk).verdict.isSealed)
    try log.cutPower()
    #expect(log.report.cleanStop)
    #expect(log.report.reloggedFrames == 0)
    #expect(log.report.messages == 2)
    #expect(log.report.pending == 2)
    #expect(log.segments == [1, 2])
    #expect(log.walk() == [1, 2])
  }

  @Test("what is staged when the log is sealed is committed")
  func sealCommits() throws {
    let log = try TestLog()
    _ = log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
    try log.core.seal(nowMs: log.nowMs)
    try log.cutPower()
    #expect(log.walk() == [1])
  }

  @Test("the unproven frame is logged again before the new segment has its name")
  func relog() throws {
    let log = try TestLog()
    try log.store(1)
    let accepted = log.nowMs
    try log.retry(1, count: 1, delayMs: 60_000, error: "connection refused")
    try log.store(2, to: "http://other:80")
    log.nowMs += 50_000
    log.disk.restartKeepingCache()
    log.disk.record()
    try log.restart()
    #expect(!log.report.cleanStop)
    #expect(log.report.reloggedFrames == 1)
    let trace = log.disk.trace.filter { $0.contains("next.tmp") }
    #expect(trace.last?.hasPrefix("truncate") == false)
    #expect(trace.suffix(2) == ["sync next.tmp", "rename next.tmp"])
    #expect(log.core.state.segments.map(\.messages) == [1, 1])
    #expect(log.lookup(2)?.acceptedAtMs == accepted)
    #expect(log.walk("http://other:80") == [2])
    try log.cutPower()
    #expect(log.walk("http://other:80") == [2])
    #expect(log.lookup(1)?.note.flatMap { log.core.reader.note(at: $0) } == "connection refused")
    #expect(log.report.damage == [])
  }

  @Test("a frame that is logged again and again keeps its destination's name")
  func relogTwice() throws {
    let log = try TestLog()
    try log.store(1, to: "http://a:80")
    try log.store(2, to: "http://a:80")
    for _ in 0..<4 {
      log.disk.restartKeepingCache()
      try log.restart()
      #expect(log.walk("http://a:80") == [1, 2])
    }
  }

  @Test("starts without work leave nothing behind")
  func emptySegments() throws {
    let log = try TestLog()
    try log.store(1)
    for round in 0..<5 {
      if round % 2 == 0 { try log.core.seal(nowMs: log.nowMs) }
      log.disk.crash(keeping: round == 3 ? .nothing : .random)
      try log.restart()
      #expect(log.segments == [1, 2])
    }
    #expect(log.walk() == [1])
    #expect(try log.store(2) == [2])
    // Nothing proves its only frame, so that is logged again in the place of the segment.
    try log.cutPower()
    #expect(log.segments == [1, 2])
    #expect(log.walk() == [1, 2])
  }

  @Test("nothing follows on a segment whose name a failed sync of the directory left undurable")
  func undurableName() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.inject(SimFault(.syncDirectory, code: 5))
    #expect(throws: LogFailure.self) { try log.core.rotate(room: 0, nowMs: log.nowMs) }
    log.disk.restartKeepingCache()
    try log.restart()
    #expect(log.segments == [1, 2], "the second is seen")
    try log.store(2)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.segments == [1, 2])
    #expect(log.walk() == [1, 2])
  }

  @Test("the same at a start that logs the last frame again")
  func undurableNameAtStart() throws {
    let log = try TestLog()
    try log.store(1)
    try log.core.tick(nowMs: log.nowMs + 2000)
    try log.store(2)
    for _ in 0..<2 {
      log.disk.restartKeepingCache()
      log.disk.inject(SimFault(.syncDirectory, code: 5))
      #expect(throws: LogError.self) { try log.restart() }
    }
    log.disk.restartKeepingCache()
    try log.restart()
    #expect(log.segments == [1, 2])
    try log.store(3)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.walk() == [1, 2, 3])
    #expect(log.payload(2) == "{\"number\":2}")
  }

  @Test("the torn bytes of a segment whose place is taken are copied aside before")
  func tornFirstFrame() throws {
    let log = try TestLog()
    let file = try log.disk.open(log.segmentFile(1), .readWrite)
    let torn = [UInt8](repeating: 7, count: 50)
    let start = FormatLimits.firstFrameOffset
    #expect(try torn.withUnsafeBytes { try file.write($0, at: start) } == 50)
    try file.sync()
    try log.cutPower()
    #expect(log.segments == [1])
    #expect(log.disk.contents("quarantine/\(log.segmentFile(1))-\(start)") == torn)
  }

  @Test("temporary files go at a start")
  func temporary() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.put("next.tmp", [1, 2, 3])
    log.disk.put("now.tmp", [])
    log.disk.put("unknown.txt", [9])
    try log.cutPower()
    #expect(try log.disk.list().filter { $0.hasSuffix(".tmp") } == [])
    #expect(try log.disk.list().contains("unknown.txt"))
  }

  @Test("attempts, waits and the time of acceptance survive")
  func waits() throws {
    let log = try TestLog()
    try log.store([
      TestLog.record(1, start: .delay(90_000)),
      TestLog.record(2, start: .notBefore(1_800_000_000_000)),
      TestLog.record(3),
    ])
    try log.retry(3, count: 7, delayMs: 64_000, status: 429)
    let before = [1, 2, 3].map { log.lookup($0) }
    log.nowMs += 10_000
    try log.cutPower()
    for (number, status) in zip([1, 2, 3], before) {
      let found = log.lookup(number)
      #expect(found?.start == status?.start)
      #expect(found?.retry == status?.retry)
      #expect(found?.attempts == status?.attempts)
      #expect(found?.acceptedAtMs == status?.acceptedAtMs)
    }
    #expect(log.lookup(3)?.retry?.remainingMs(nowMs: log.nowMs) == 54_000)
  }

  // MARK: What isn't ours

  private func openError(_ log: TestLog) -> LogError? {
    do { try log.restart() } catch { return error as? LogError }
    return nil
  }

  @Test("a segment of another store is refused by name")
  func foreign() throws {
    let log = try TestLog()
    try log.store(1)
    try log.rotate()
    var builder = SegmentBuilder(id: 3, firstSequence: 2)
    builder.append()
    builder.put(on: log.disk)
    guard case .foreignStore(let file, _, _) = openError(log) else {
      Issue.record("not refused")
      return
    }
    #expect(file == "wal-0000000000000003.seg")
  }

  @Test("a segment of another format version is refused by name, and stays as it is")
  func version() throws {
    let log = try TestLog()
    try log.store(1)
    try log.core.seal(nowMs: log.nowMs)
    var bytes = try #require(log.disk.contents(log.segmentFile(1)))
    bytes[8] = 2
    bytes[4096 + 8] = 2
    log.disk.put(log.segmentFile(1), bytes)
    guard case .otherVersion(let file, let found) = openError(log) else {
      Issue.record("not refused")
      return
    }
    #expect(file == "wal-0000000000000001.seg")
    #expect(found.contains("2.0"))
    #expect(log.disk.contents(log.segmentFile(1)) == bytes)
    #expect(log.segments == [1])
  }

  @Test("two files that hold the same segment are refused by name")
  func copies() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.put(log.segmentFile(2), try #require(log.disk.contents(log.segmentFile(1))))
    #expect(openError(log) == .wrongIdentity(file: "wal-0000000000000002.seg", holds: 1))
  }

  @Test("without store.json the segments say whose they are")
  func identityMissing() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.crash(keeping: .everything)
    try log.disk.unlink(FileNames.identity)
    log.options.newStore = StoreUUID(high: 1, low: 1)
    try log.restart()
    #expect(log.core.store == StoreUUID(high: 77, low: 88))
    #expect(log.walk() == [1])
    #expect(try log.disk.list().contains(FileNames.identity))
  }

  @Test("a store.json that all segments contradict is written again")
  func identityDamaged() throws {
    let log = try TestLog()
    try log.store(1)
    try log.rotate()
    let good = try #require(log.disk.contents(FileNames.identity))
    for bytes in [
      Array("{}".utf8), StoreIdentity(store: StoreUUID(high: 1, low: 2)).json.utf8.map { $0 },
    ] {
      log.disk.put(FileNames.identity, bytes)
      try log.cutPower()
      #expect(log.report.notes.count == 1)
      #expect(log.core.store == StoreUUID(high: 77, low: 88))
      #expect(log.disk.contents(FileNames.identity) == good)
      #expect(log.walk() == [1])
    }
  }

  @Test("one file of another store is out of place; a character that rotted in store.json is not")
  func identityOfOne() throws {
    let log = try TestLog()
    try log.store(1)
    let good = try #require(log.disk.contents(FileNames.identity))
    let other = StoreIdentity(store: StoreUUID(high: 1, low: 2))
    log.disk.put(FileNames.identity, Array(other.json.utf8))
    let error = openError(log)
    #expect(error.map { if case .foreignStore = $0 { true } else { false } } == true)
    var rotten = good
    rotten[20] ^= 1
    log.disk.put(FileNames.identity, rotten)
    try log.cutPower()
    #expect(log.disk.contents(FileNames.identity) == good)
  }
}
