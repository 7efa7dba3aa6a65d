import Glibc
import Testing

@testable import SegmentLog

@Suite("Compaction in a running log")
struct CompactingTests {
  /// Segments of two messages each, the first of which was delivered; the last one is active.
  private func log(
    segments: Int, disk: SimDisk = SimDisk(seed: 1), dedupWindowMs: UInt64 = 86_400_000
  ) throws -> TestLog {
    let log = try TestLog(disk: disk, segmentSize: 16 << 10, dedupWindowMs: dedupWindowMs)
    for segment in 0..<segments {
      if segment > 0 { try log.rotate() }
      let stored = try log.store(segment * 2 + 1, segment * 2 + 2)
      try log.end([stored[0]], attempts: 2, status: 201)
    }
    return log
  }

  /// What the log of `log(segments: 3)` must say, however it was started.
  private func check(_ log: TestLog, _ place: String = "") throws {
    #expect(log.report.damage == [], "\(place)")
    #expect(log.walk() == [2, 4, 6], "\(place)")
    for number in [2, 4, 6] as [Sequence] {
      #expect(log.payload(number) == "{\"number\":\(number)}", "\(place)")
    }
    for number in [1, 3, 5] {
      #expect(log.lookup(number)?.state == .delivered, "\(place)")
      #expect(log.lookup(number)?.attempts == 2, "\(place)")
      #expect(log.lookup(number)?.lastStatus == 201, "\(place)")
      #expect(
        log.core.stage([TestLog.record(number)], nowMs: log.nowMs)
          == .taken([.duplicate(UInt64(number))], needsCommit: false), "\(place)")
      #expect(
        log.core.stage([TestLog.record(number, content: 1)], nowMs: log.nowMs) == .conflict([0]))
    }
    var totals = Totals()
    (totals.accepted, totals.delivered) = (6, 3)
    #expect(log.core.totals == totals, "\(place)")
  }

  @Test("what lives moves to a cold segment, what was delivered is remembered, the rest goes")
  func moves() throws {
    let log = try log(segments: 3)
    try log.prepare()
    try log.settle()
    #expect(log.segments == [3])
    #expect(log.cold == [1])
    #expect(log.dedups == [1])
    try check(log)
    try log.cutPower()
    try check(log, "from a checkpoint")
    try log.settle()
    // The last segment was sealed by the restart.
    #expect(log.segments == [4])
    try check(log, "again")
  }

  @Test("it comes to rest: nothing is compacted twice for nothing")
  func rests() throws {
    let log = try log(segments: 5)
    try log.retry(2, count: 1, delayMs: 1000, error: "connection refused")
    try log.rotate()
    try log.settle()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs).map { $0 > log.nowMs + 60_000 } ?? true)
    let changes = log.disk.changes
    log.nowMs += 3_600_000
    try log.settle()
    #expect(log.disk.changes == changes)
    #expect(log.lookup(2)?.note.flatMap { log.core.reader.note(at: $0) } == "connection refused")
  }

  /// Segment 1 lives on; segments 2 and 3 hold nothing but the last error texts of its messages.
  private func logOfNotes() throws -> TestLog {
    let log = try TestLog(disk: SimDisk(seed: 1), segmentSize: 256 << 10)
    let payload = noise(40_000, seed: 1)
    try log.store([TestLog.record(1, payload: payload), TestLog.record(2, payload: payload)])
    for (sequence, text) in [(1, "connection refused"), (2, "timed out")] as [(Sequence, String)] {
      try log.rotate()
      try log.retry(sequence, count: 1, delayMs: 3_600_000, error: text)
    }
    try log.rotate()
    try log.prepare()
    try log.settle(compacts: false)
    #expect(log.segments == [1, 2, 3, 4])
    return log
  }

  private func notes(_ log: TestLog) -> [String?] {
    [1, 2].map { log.lookup($0)?.note.flatMap { log.core.reader.note(at: $0) } }
  }

  @Test("what a preview promises of segments with nothing but error texts is done")
  func notesOnly() throws {
    let log = try logOfNotes()
    let preview = log.core.compactionPreview(present: (0, 0), nowMs: log.nowMs)
    let promised = preview.decisions.filter { $0.job != nil }.map(\.file)
    #expect(promised == [FileNames.segment(2), FileNames.segment(3)])
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.problems == [])
    #expect(report.removed.map(\.file).sorted() == promised)
    #expect(notes(log) == ["connection refused", "timed out"])
    try log.cutPower()
    #expect(log.report.damage == [] && log.walk() == [1, 2])
    #expect(notes(log) == ["connection refused", "timed out"])
    // And then there is nothing to promise.
    try log.settle()
    let again = log.core.compactionPreview(present: (0, 0), nowMs: log.nowMs)
    #expect(again.decisions.allSatisfy { $0.job == nil }, "\(again.decisions)")
  }

  @Test("in the background they are copied, too, and starve nothing behind them")
  func notesDoNotStarve() throws {
    let log = try logOfNotes()
    // More than one job holds, so that what else is worth it comes in a second one.
    try log.store(3, 4)
    try log.rotate()
    try log.end([3])
    try log.rotate()
    try log.prepare()
    try log.settle()
    #expect(!log.segments.contains { [2, 3, 4, 5].contains($0) }, "\(log.segments)")
    #expect(notes(log) == ["connection refused", "timed out"])
    #expect(log.walk() == [1, 2, 4])
  }

  @Test("a preview of a stopped log remembers as long as it is told to")
  func offlineLimits() throws {
    let log = try TestLog(disk: SimDisk(seed: 1), dedupWindowMs: 7 * 86_400_000)
    try log.store(1)
    try log.end([1])
    try log.rotate()
    try log.store(2)
    try log.core.seal(nowMs: log.nowMs)
    func isCompacted(_ limits: DuplicateLimits) throws -> Bool {
      let preview = try LogCompaction.preview(
        log.disk, remembering: limits, nowMs: log.nowMs + 30 * 3_600_000)
      return preview.decisions.contains { $0.file == FileNames.segment(1) && $0.job != nil }
    }
    #expect(try isCompacted(DuplicateLimits(windowMs: 7 * 86_400_000)))
    #expect(try !isCompacted(DuplicateLimits()))
  }

  @Test("a damaged log is promised nothing")
  func damagedPromisesNothing() throws {
    let log = try log(segments: 3)
    try log.settle(compacts: false)
    var bytes = try #require(log.disk.contents(log.segmentFile(2)))
    for offset in [60, 4096 + 60] { bytes[offset] ^= 1 }
    log.disk.put(log.segmentFile(2), bytes)
    try log.restart()
    #expect(!log.report.damage.isEmpty)
    let preview = log.core.compactionPreview(present: (0, 0), nowMs: log.nowMs)
    #expect(preview.decisions.allSatisfy { $0.job == nil }, "\(preview.decisions)")
    #expect(try log.core.compact(nowMs: log.nowMs).problems.count == 1)
  }

  @Test("the older checkpoint will do, and so will none, without a loss")
  func fallBack() throws {
    let log = try log(segments: 3)
    try log.retry(2, count: 1, delayMs: 9000, error: "connection refused")
    try log.end([4], .dead, attempts: 7, status: 410, error: "410 Gone")
    try log.rotate()
    try log.prepare()
    try log.settle()
    let newest = try #require(log.checkpoints.last)
    log.disk.remove(FileNames.checkpoint(newest))
    log.disk.crash(keeping: .everything)
    try log.restart()
    #expect(log.report.checkpoint == newest - 1)
    #expect(log.walk() == [2, 6])
    #expect(log.report.damage == [])
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.report.checkpoint == nil)
    #expect(log.walk() == [2, 6])
    for number in [2, 4, 6] as [Sequence] {
      #expect(log.payload(number) == "{\"number\":\(number)}")
    }
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.lookup(2)?.attempts == 1)
    #expect(log.lookup(2)?.note.flatMap { log.core.reader.note(at: $0) } == "connection refused")
    #expect(log.lookup(4)?.state == .dead)
    #expect(log.lookup(4)?.note.flatMap { log.core.reader.note(at: $0) } == "410 Gone")
  }

  @Test(
    "a bad header of a cold segment is named, and costs nothing", arguments: [[50], [50, 4146]])
  func coldHeader(badBytes: [Int]) throws {
    let log = try log(segments: 3)
    try log.settle()
    let name = try FileNames.cold(#require(log.cold.first))
    for byte in badBytes { log.disk.flip(name, bit: byte * 8) }
    try log.restart()
    #expect(log.report.checkpoint != nil)
    if badBytes.count == 1 {
      #expect(
        log.report.notes == ["\(name): copy 1 of the header is damaged; the other one is good"])
      #expect(log.report.damage == [])
    } else {
      #expect(log.report.damage.map(\.file) == [name])
      #expect(log.report.damage.map(\.kind) == [.header])
      #expect(log.report.damage.map(\.offset) == [0])
      #expect(log.report.damage.map(\.lost) == [nil])
    }
    #expect(log.walk() == [2, 4, 6])
    for number in [2, 4, 6] as [Sequence] {
      #expect(log.payload(number) == "{\"number\":\(number)}")
    }
    #expect(try log.disk.list(in: FileNames.quarantine).contains { $0.hasPrefix(name) })
  }

  @Test("a disk that fails to read a cold segment's header ends the start, and is no damage")
  func coldHeaderFails() throws {
    let log = try log(segments: 3)
    try log.settle()
    let name = try FileNames.cold(#require(log.cold.first))
    log.disk.inject(SimFault(.read, file: name, nth: 1, code: EIO, staysBroken: true))
    #expect(throws: LogError.self) { try log.restart() }
    log.disk.clearFaults()
    try log.restart()
    #expect(log.report.damage == [])
    #expect(log.walk() == [2, 4, 6])
  }

  @Test("attempts, dead letters and texts move along")
  func states() throws {
    let log = try log(segments: 3)
    try log.retry(2, count: 1, delayMs: 9000, error: "connection refused")
    try log.end([4], .dead, attempts: 7, status: 410, error: "410 Gone")
    try log.rotate()
    try log.settle()
    #expect(log.segments.count == 1)
    for restarts in 0..<2 {
      if restarts > 0 { try log.cutPower() }
      let tried = try #require(log.lookup(2))
      #expect(tried.attempts == 1)
      #expect(tried.retry?.delayMs == 9000)
      #expect(tried.note.flatMap { log.core.reader.note(at: $0) } == "connection refused")
      let dead = try #require(log.lookup(4))
      #expect(dead.state == .dead)
      #expect(dead.attempts == 7)
      #expect(dead.note.flatMap { log.core.reader.note(at: $0) } == "410 Gone")
      #expect(log.payload(4) == "{\"number\":4}")
    }
    try log.end([4], .cancelled)
    #expect(log.core.totals.dead == 0)
  }

  @Test("a message that ends while it is copied stays ended")
  func endsMeanwhile() throws {
    let log = try log(segments: 3)
    log.nowMs += 6000
    let job = try #require(log.core.compactionWanted(nowMs: log.nowMs))
    let result = job.run(on: log.disk, pacer: Unpaced())
    try log.end([2])
    try log.retry(4, count: 1, delayMs: 50, error: "late")
    try log.core.compacted(result, nowMs: log.nowMs)
    #expect(log.walk() == [4, 6])
    try log.cutPower()
    #expect(log.walk() == [4, 6])
    #expect(log.core.totals.delivered == 4)
    #expect(log.lookup(4)?.note.flatMap { log.core.reader.note(at: $0) } == "late")
    try log.settle()
    #expect(log.walk() == [4, 6])
    #expect(
      log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
        == .taken([.duplicate(2)], needsCommit: false))
  }

  @Test("inputs stay while they are read, though all in them has ended")
  func inputsStay() throws {
    let log = try log(segments: 3, dedupWindowMs: 0)
    log.nowMs += 6000
    let job = try #require(log.core.compactionWanted(nowMs: log.nowMs))
    try log.end([2, 4])
    for _ in 0..<3 {
      log.nowMs += 40_000
      try log.core.tick(nowMs: log.nowMs)
      try log.checkpoint()
    }
    #expect(log.segments == [1, 2, 3])
    try log.core.compacted(job.run(on: log.disk, pacer: Unpaced()), nowMs: log.nowMs)
    try log.settle()
    #expect(log.segments == [3])
    #expect(log.cold == [])
  }

  @Test("a page of what waits is in order, wherever it stands")
  func walkOrder() throws {
    let log = try log(segments: 6)
    // The second and the fifth segment stay, the others are compacted in two steps.
    try log.rotate()
    try log.settle()
    let late = try log.store(101, 102)
    #expect(log.walk(page: 1) == [2, 4, 6, 8, 10, 12] + late)
    #expect(log.walk(page: 3) == [2, 4, 6, 8, 10, 12] + late)
    #expect(log.core.destinationsWithPending().map(\.firstSequence).map { $0 <= 2 } == [true])
  }

  @Test("dedup files go when the window is over, with what they remembered")
  func window() throws {
    let log = try log(segments: 3, dedupWindowMs: 600_000)
    try log.prepare()
    try log.settle()
    #expect(log.dedups == [1])
    log.nowMs += 601_000
    try log.store(50)
    try log.settle()
    #expect(log.dedups == [])
    #expect(
      log.core.stage([TestLog.record(1)], nowMs: log.nowMs)
        == .taken([.stored(8)], needsCommit: true))
  }

  @Test("a damaged segment is left alone, named, and not tried again and again")
  func damaged() throws {
    let log = try log(segments: 3)
    let bytes = try #require(log.disk.contents(FileNames.segment(1)))
    let end = Int(log.core.state.segments[0].end)
    #expect(bytes.count >= end)
    log.disk.flip(FileNames.segment(1), bit: (end - 10) * 8)
    try log.settle()
    #expect(log.segments.contains(1))
    let plan = log.core.compactionPlan(isCommand: true, nowMs: log.nowMs)
    let decision = try #require(plan.decisions.first { $0.file == FileNames.segment(1) })
    #expect(decision.job == nil)
    #expect(decision.why.contains("damaged"))
  }

  @Test("by command everything worth it is compacted at once, and the report says what went")
  func command() throws {
    let log = try log(segments: 3)
    try log.prepare()
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.removed.map(\.file) == [FileNames.segment(1), FileNames.segment(2)])
    #expect(report.kept.map(\.file).contains(FileNames.cold(1)))
    let bytes = try log.disk.list().filter {
      LogFile(name: $0) != nil || $0 == FileNames.next
    }.reduce(0) {
      $0 + (log.disk.contents($1)?.count ?? 0)
    }
    #expect(report.bytesAfter == UInt64(bytes))
    try check(log)
    // There is nothing left to do.
    let changes = log.disk.changes
    let again = try log.core.compact(nowMs: log.nowMs)
    #expect(again.removed.isEmpty)
    #expect(log.disk.changes == changes)
  }

  @Test("what a command could not compact is in its report, and everything else is done")
  func problems() throws {
    let log = try log(segments: 3)
    let end = Int(log.core.state.segments[0].end)
    log.disk.flip(FileNames.segment(1), bit: (end - 10) * 8)
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.problems.count == 1)
    #expect(report.problems.first?.contains("\(FileNames.segment(1)) is left as it is") == true)
    #expect(report.removed.map(\.file) == [FileNames.segment(2)])
    #expect(log.walk() == [2, 4, 6])
  }

  @Test("a copy that fails leaves everything in force, says so, and is tried again later")
  func failedCopy() throws {
    let log = try log(segments: 3)
    log.disk.inject(SimFault(.sync, file: "cold", code: EIO))
    let report = try log.core.compact(nowMs: log.nowMs)
    #expect(report.problems.count == 1)
    #expect(log.cold == [])
    #expect(log.walk() == [2, 4, 6])
    log.disk.clearFaults()
    log.nowMs += 31_000
    try log.settle()
    #expect(log.cold == [1])
    #expect(log.walk() == [2, 4, 6])
  }

  @Test("with four fifths of the disk used, segments of which less than 60 % live are compacted")
  func mostlyFull() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    var random = SplitMix64(seed: 1)
    let records = (1...2).map { number in
      TestLog.record(
        number, payload: (0..<16384).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    try log.store(records)
    try log.rotate()
    try log.end([1])
    let file = FileNames.segment(1)
    func isChosen() -> Bool {
      log.core.compactionPlan(isCommand: true, nowMs: log.nowMs).decisions
        .contains { $0.file == file && $0.job != nil }
    }
    #expect(!isChosen(), "40 % of it live")
    log.disk.setCapacity(1 << 20)
    log.core.lookAtSpace(nowMs: log.nowMs)
    #expect(!log.core.space.isMostlyFull)
    log.disk.setCapacity(110_000)
    log.core.lookAtSpace(nowMs: log.nowMs)
    #expect(log.core.space.isMostlyFull)
    #expect(isChosen())
  }

  @Test("small cold segments are merged when there are some")
  func merged() throws {
    let log = try log(segments: 1)
    for round in 1...8 {
      try log.rotate()
      let stored = try log.store(round * 10, round * 10 + 1)
      try log.end([stored[0]])
      _ = try log.core.compact(nowMs: log.nowMs)
    }
    #expect(log.cold.count <= 5)
    #expect(log.walk() == [2, 4, 6, 8, 10, 12, 14, 16, 18])
  }

  @Test("a crash at every change of the disk leaves inputs or output in force", arguments: 0..<3)
  func everyCrash(kept: Int) throws {
    let kinds: [SimDisk.Kept] = [.nothing, .everything, .random]
    var changes = 0
    do {
      let log = try log(segments: 3)
      try log.prepare()
      let before = log.disk.changes
      try log.settle()
      changes = log.disk.changes - before
    }
    #expect(changes > 20)
    for point in 0...changes {
      let log = try log(segments: 3, disk: SimDisk(seed: UInt64(point)))
      try log.prepare()
      log.disk.stop(afterChanges: point)
      _ = try? log.settle()
      log.disk.crash(keeping: kinds[kept])
      try log.restart()
      try check(log, "crash after \(point) changes")
      let orphan = LogCheck(core: log.core, model: LogModel(), disk: log.disk).orphan()
      #expect(orphan == nil, "crash after \(point) changes")
      try log.settle()
      try check(log, "crash after \(point) changes, and settled")
      #expect(log.cold.count <= 2)
    }
  }
}
