import Glibc
import Testing

@testable import SegmentLog

@Suite("Dropping segments")
struct DroppingTests {
  /// Segments of two messages each, which nobody remembers when they have ended. They are so large
  /// that half of a segment is worth no copy.
  private func log(
    segments: Int, dedupWindowMs: UInt64 = 0, payloadBytes: Int = 16 << 10
  ) throws -> (TestLog, [Sequence]) {
    let log = try TestLog(segmentSize: 64 << 10, dedupWindowMs: dedupWindowMs)
    var sequences: [Sequence] = []
    for segment in 0..<segments {
      if segment > 0 { try log.rotate() }
      sequences += try log.store(
        [segment * 2 + 1, segment * 2 + 2].map { number in
          TestLog.record(number, payload: Self.payload(number, payloadBytes))
        })
    }
    return (log, sequences)
  }

  /// Doesn't compress.
  private static func payload(_ number: Int, _ bytes: Int) -> [UInt8] {
    var random = SplitMix64(seed: UInt64(number))
    return (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test("a finished segment goes by itself, wherever it stands, when two checkpoints cover it")
  func automatic() throws {
    let (log, sequences) = try log(segments: 3)
    try log.prepare()
    try log.end([sequences[2], sequences[3]])
    log.nowMs += 1000
    try log.core.tick(nowMs: log.nowMs)
    try log.checkpoint()
    #expect(log.segments == [1, 2, 3], "one checkpoint is not enough")
    try log.settle()
    #expect(log.segments == [1, 3])
    #expect(log.checkpoints.count == 2)
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.report.checkpoint != nil)
      #expect(log.walk() == [1, 2, 5, 6])
      #expect(
        LogReader(disk: log.disk).payloads(at: log.core.locate([1])) == [Self.payload(1, 16 << 10)])
      var totals = Totals()
      (totals.accepted, totals.delivered) = (6, 2)
      #expect(log.core.totals == totals)
    }
  }

  @Test("an idle store comes to rest: nothing is written, and nothing waits")
  func idle() throws {
    let (log, sequences) = try log(segments: 4, payloadBytes: 20)
    try log.prepare()
    try log.end(sequences)
    try log.settle()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
    #expect(log.segments == [4])
    let changes = log.disk.changes
    log.nowMs += 3_600_000
    try log.settle()
    #expect(log.disk.changes == changes)
  }

  @Test("what the duplicate check remembers outlives its segment, until the window is over")
  func remembered() throws {
    let (log, sequences) = try log(segments: 4, dedupWindowMs: 600_000)
    try log.prepare()
    try log.end(sequences)
    try log.settle()
    #expect(log.segments == [4])
    #expect(log.dedups.count == 1)
    for restarts in 0..<2 {
      if restarts > 0 { try log.cutPower() }
      #expect(
        log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
          == .taken([.duplicate(sequences[0])], needsCommit: false))
    }
    log.nowMs += 601_000
    try log.store(99)
    try log.settle()
    #expect(log.dedups == [])
  }

  @Test("when room is short what is only remembered goes at once")
  func shortOfRoom() throws {
    let (log, sequences) = try log(segments: 2, dedupWindowMs: 600_000)
    try log.end(sequences)
    log.disk.setCapacity(100_000)
    log.nowMs += 2000
    log.core.lookAtSpace(nowMs: log.nowMs)
    #expect(log.core.isShortOfSpace)
    #expect(log.core.rememberedUntilMs(log.core.state.segments[0]) == nil)
  }

  @Test("no file goes before the second checkpoint stands, durably")
  func order() throws {
    let (log, sequences) = try log(segments: 3)
    try log.end(sequences)
    log.disk.record()
    _ = try log.core.compact(nowMs: log.nowMs)
    let trace = log.disk.trace.map { String($0.prefix { $0 != " " }) }
    let checkpoint = ["open", "write", "sync", "rename", "syncDirectory"]
    #expect(trace == checkpoint + checkpoint + ["unlink", "unlink"])
    #expect(log.disk.trace.suffix(2).map { $0.contains("wal-") } == [true, true])
    // That the names are gone is not durable; the next start sees to it.
    try log.cutPower()
    #expect(log.segments == [1, 2, 3, 4])
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.segments == [3, 4])
    #expect(log.report.damage == [])
    #expect(log.core.totals.delivered == 6)
  }

  @Test("a dropped segment that comes back with a power cut is unlinked, never replayed")
  func comesBack() throws {
    let (log, sequences) = try log(segments: 3)
    let second = try #require(log.disk.contents(log.segmentFile(2)))
    try log.end([sequences[2], sequences[3]])
    _ = try log.core.compact(nowMs: log.nowMs)
    #expect(log.segments == [1, 3])
    // The checkpoints after this one don't know of it any more.
    try log.end([sequences[0]])
    try log.settle()
    log.disk.put(log.segmentFile(2), second)
    try log.cutPower()
    #expect(log.segments == [1, 3, 4])
    #expect(log.walk() == [2, 5, 6])
    #expect(log.report.damage == [])
  }

  @Test("the last error of a live message outlives the segment in which it stands")
  func notes() throws {
    let (log, sequences) = try log(segments: 3)
    try log.retry(sequences[0], count: 1, delayMs: 1000, error: "connection refused")
    try log.rotate()
    try log.end([sequences[4], sequences[5]])
    try log.settle()
    #expect(log.segments == [1, 2, 4])
    for restarts in 0..<2 {
      if restarts > 0 { try log.cutPower() }
      #expect(
        log.lookup(1)?.note.flatMap { log.core.reader.note(at: $0) } == "connection refused")
    }
    try log.end([sequences[0], sequences[1]])
    try log.settle()
    #expect(!log.segments.contains(1))
    #expect(log.cold == [])
  }

  @Test("the report says what went, and why the rest stays")
  func report() throws {
    let (log, sequences) = try log(segments: 4)
    try log.end(Array(sequences[0...2]) + [sequences[4], sequences[5]])
    try log.end([sequences[3]], .dead, status: 410)
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.removed.map(\.id) == [1, 3])
    #expect(report.kept.map(\.keptBecause) == ["1 live message (1 dead)", "active"])
    #expect(report.kept.map(\.state) == [.sealed, .active])
    #expect(report.bytesBefore > report.bytesAfter)
    let bytes = try log.disk.list().filter { FileNames.segmentID($0) != nil }.reduce(0) {
      $0 + (log.disk.contents($1)?.count ?? 0)
    }
    #expect(report.bytesAfter == UInt64(bytes))
  }

  @Test("a file that can't be unlinked is tried again later, and nothing stops")
  func unlinkFails() throws {
    let (log, sequences) = try log(segments: 2)
    try log.prepare()
    try log.end([sequences[0], sequences[1]])
    log.disk.inject(SimFault(.unlink, file: "wal", code: EACCES, staysBroken: true))
    try log.settle()
    #expect(log.segments == [1, 2])
    log.disk.clearFaults()
    let due = try #require(log.core.nextTickDueMs(nowMs: log.nowMs))
    #expect(due > log.nowMs && due <= log.nowMs + 60_000)
    log.nowMs = due
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.segments == [2])
  }

  @Test("a number that no segment uses any more is given to another destination")
  func numbers() throws {
    let log = try TestLog()
    let first = try log.store(1, to: "http://a:80")
    try log.rotate()
    try log.store(2, to: "http://b:80")
    try log.end(first)
    _ = try log.core.compact(nowMs: log.nowMs)
    try log.store(3, to: "http://c:80")
    #expect(log.core.state.destinations.id("http://c:80") == 0)
    #expect(log.core.state.destinations.id("http://a:80") == nil)
    try log.cutPower()
    #expect(log.walk("http://b:80") == [2])
    #expect(log.walk("http://c:80") == [3])
  }

  @Test("that a dropped message was delivered is remembered while the process runs")
  func knownEnds() throws {
    let (log, sequences) = try log(segments: 2, dedupWindowMs: 60_000)
    try log.end([sequences[0]], attempts: 3, status: 204)
    try log.end([sequences[1]], .cancelled)
    _ = try log.core.compact(nowMs: log.nowMs)
    #expect(log.segments == [2])
    #expect(log.core.takeDroppedFiles() == [log.segmentFile(1)])
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.lookup(1)?.attempts == 3)
    #expect(log.lookup(1)?.lastStatus == 204)
    #expect(log.lookup(1)?.location == nil)
    #expect(log.lookup(2)?.state == .cancelled)
    #expect(log.core.locate([1]) == [nil])
    #expect(
      log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
        == .taken([.duplicate(1)], needsCommit: false))
    #expect(log.core.stage([TestLog.record(1, content: 3)], nowMs: log.nowMs) == .conflict([0]))
    #expect(
      log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
        == .taken([.stored(5)], needsCommit: true))
    log.disk.crash(keeping: .everything)
    try log.restart()
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.lookup(1)?.attempts == 3)
    #expect(log.lookup(2) == nil, "a cancelled one is remembered while the process runs")
    #expect(
      log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
        == .taken([.duplicate(1)], needsCommit: false))
  }

  @Test("dedup_max counts what was dropped too")
  func rememberedMax() throws {
    let log = try TestLog(dedupMax: 2)
    let sequences = try log.store(1, 2, 3)
    try log.rotate()
    try log.end(sequences)
    _ = try log.core.compact(nowMs: log.nowMs)
    let later = try log.store(4)
    try log.end(later)
    let staged = log.core.stage((1...4).map { TestLog.record($0) }, nowMs: log.nowMs)
    #expect(
      staged
        == .taken([.stored(5), .stored(6), .duplicate(3), .duplicate(4)], needsCommit: true))
  }

  @Test("compacting a stopped log again and again leaves one small segment")
  func offline() throws {
    let (log, sequences) = try log(segments: 3)
    try log.end(sequences)
    try log.core.seal(nowMs: log.nowMs)
    for round in 0..<3 {
      try log.restart()
      #expect(log.report.cleanStop)
      let report = try log.core.compact(nowMs: log.nowMs)
      #expect(report.removed.count == (round == 0 ? 3 : 0))
      let changes = log.disk.changes
      try log.core.seal(nowMs: log.nowMs)
      #expect(log.disk.changes - changes <= 3, "the footer, and no checkpoint of nothing new")
      #expect(log.segments == [4])
      #expect((log.disk.contents(log.segmentFile(4))?.count ?? 0) < 9000)
      #expect(try log.disk.list().filter(FileNames.isTemporary) == [])
    }
    try log.restart()
    #expect(log.core.totals.accepted == 6)
    #expect(log.core.totals.delivered == 6)
    #expect(try log.store(99) == [7])
  }

  @Test("compacting with a finished active segment leaves it for the prepared one")
  func finishedActive() throws {
    let (log, sequences) = try log(segments: 1)
    try log.end(sequences)
    try log.prepare()
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.removed.map(\.id) == [1])
    #expect(log.segments == [2])
  }
}
