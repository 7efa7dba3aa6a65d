import Glibc
import Testing

@testable import SegmentLog

@Suite("Reading a log that is damaged while it runs")
struct RunningReadTests {
  /// Two segments; the first one with messages 1 … 5 in a frame each.
  private func log(_ onDamage: LogOptions.OnDamage = .drain) throws -> TestLog {
    let log = try TestLog(onDamage: onDamage)
    for number in 1...5 { try log.store(number) }
    try log.rotate()
    try log.store(6)
    return log
  }

  private func flip(_ log: TestLog, frame: Int, byte: Int) throws -> UInt64 {
    let offset = try scan(log.disk).frames[frame].offset
    log.disk.flip(log.segmentFile(1), bit: (Int(offset) + byte) * 8)
    return offset
  }

  @Test(
    "a head that can't be read hides what stands in its frame, and nothing behind it",
    arguments: [0, 4, 16, 32, 70])
  func hop(byte: Int) throws {
    let log = try log()
    _ = try flip(log, frame: 1, byte: byte)
    #expect(log.walk() == [1, 3, 4, 5, 6])
    for number: Sequence in [1, 3, 4, 5, 6] {
      #expect(log.payload(number) == "{\"number\":\(number)}")
    }
    #expect(log.payload(2) == nil)
  }

  @Test("a waiting message that can't be read is known, with its state and that its bytes are gone")
  func lookup() throws {
    let log = try log()
    try log.retry(2, count: 3, delayMs: 1000)
    _ = try flip(log, frame: 1, byte: 70)
    let status = try #require(log.lookup(2))
    #expect(status.state == .pending)
    #expect(status.attempts == 3)
    #expect(status.isUnreadable)
    #expect(log.lookup(3)?.isUnreadable == false)
    #expect(log.lookup(77) == nil)
  }

  @Test("what a reader could not read is verified at once, named, copied aside and read no more")
  func verified() throws {
    let log = try log()
    let offset = try flip(log, frame: 1, byte: 70)
    #expect(log.lookup(2) != nil)
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == log.nowMs)
    let news = try #require(try log.verify().first)
    let damage = try #require(news.damage.first)
    #expect(news.damage.count == 1)
    #expect(damage.file == log.segmentFile(1))
    #expect(damage.offset == offset)
    #expect(damage.lost == 2...2)
    #expect(damage.lostCount == 1)
    #expect(damage.reason.contains("found"))
    #expect(log.disk.contents("quarantine/\(log.segmentFile(1))-\(offset)") != nil)
    #expect(log.core.numbers.damagedFrames == 1)
    #expect(log.core.numbers.unreadableMessages == 1)
    #expect(log.core.numbers.totals.pending == 6)
    #expect(log.core.stage([TestLog.record(9)], nowMs: log.nowMs) == .refused(.readOnly))
    #expect(log.core.readOnlyReason?.contains("message 2 lost") == true)
    #expect(log.core.locate([2, 3]).map { $0 == nil } == [true, false])

    // Once only.
    #expect(log.lookup(2)?.isUnreadable == true)
    log.nowMs += 60_000
    #expect(log.lookup(2)?.isUnreadable == true)
    #expect(try log.verify().flatMap(\.damage) == [])

    // All others are finished, and the segment stays.
    try log.end([1, 3, 4, 5, 6])
    try log.rotate()
    try log.settle()
    #expect(log.segments.contains(1))
  }

  @Test("the next start knows of it, and what was accepted ends it")
  func start() throws {
    let log = try log()
    let offset = try flip(log, frame: 1, byte: 70)
    #expect(log.lookup(2) != nil)
    _ = try log.verify()
    log.nowMs += 60_000
    #expect(try log.checkpoint())
    log.disk.crash(keeping: .everything)
    try log.restart()
    #expect(log.report.damage.map(\.offset) == [offset])
    #expect(log.core.readOnlyReason != nil)
    _ = try log.core.acceptDamage(nowMs: log.nowMs)
    #expect(log.core.totals.cancelled == 1)
    #expect(try log.store(7) == [7])
    #expect(log.walk() == [1, 3, 4, 5, 6, 7])
  }

  @Test("with on_damage: continue the rest is served as usual")
  func proceed() throws {
    let log = try log(.proceed)
    _ = try flip(log, frame: 1, byte: 70)
    #expect(log.lookup(2) != nil)
    #expect(try log.verify().count == 1)
    #expect(log.core.readOnlyReason == nil)
    try log.store(7)
  }

  @Test("a block loses the messages in it; the directory still knows them")
  func block() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    try log.store([
      TestLog.record(1, payload: noise(60_000, seed: 1)),
      TestLog.record(2, payload: noise(60_000, seed: 2)),
    ])
    try log.store(3)
    try log.rotate()
    let end = try scan(log.disk).frames[0].end
    log.disk.flip(log.segmentFile(1), bit: Int(end - 10) * 8)
    let reader = LogReader(disk: log.disk)
    #expect(
      reader.payloads(at: log.core.locate([1, 2, 3])).map { $0 != nil } == [true, false, true])
    log.core.suspect(reader.takeSuspects(), nowMs: log.nowMs)
    let damage = try #require(try log.verify().first?.damage.first)
    #expect(damage.kind == .block)
    #expect(damage.lost == 2...2)
    #expect(damage.uuids == ["m-2"])
    #expect(log.lookup(2)?.isUnreadable == true)
    #expect(log.lookup(2)?.acceptedAtMs == log.nowMs)
    #expect(log.lookup(1)?.isUnreadable == false)
    #expect(log.walk() == [1, 3])
  }

  @Test("a file that is gone is damage with all that waited in it")
  func missing() throws {
    let log = try log()
    try log.end([1])
    log.disk.remove(log.segmentFile(1))
    let reader = LogReader(disk: log.disk)
    #expect(reader.payloads(at: log.core.locate([3]))[0] == nil)
    log.core.suspect(reader.takeSuspects(), nowMs: log.nowMs)
    let damage = try #require(try log.verify().first?.damage.first)
    #expect(damage.kind == .missing)
    #expect(damage.lostCount == 4)
    #expect(log.walk() == [6])
    #expect(log.lookup(3)?.state == .pending)
    #expect(log.lookup(1)?.state == .delivered)
  }

  @Test("what the disk refuses to give is damage of that place alone, with the error")
  func badSector() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    for number in 1...4 {
      try log.store([TestLog.record(number, payload: noise(20_000, seed: number))])
    }
    try log.rotate()
    let frame = try scan(log.disk).frames[1]
    let sector = (frame.offset + 8192) / 4096 * 4096
    let disk = BadSectorDisk(log.disk, sector..<sector + 512)
    let reader = LogReader(disk: disk)
    #expect(
      reader.payloads(at: log.core.locate([1, 2, 3, 4])).map { $0 != nil }
        == [true, false, true, true])
    log.core.suspect(reader.takeSuspects(), nowMs: log.nowMs)
    let job = try #require(log.core.verificationWanted(nowMs: log.nowMs))
    let news = log.core.verified(
      job.run(on: disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: log.nowMs)
    #expect(news.damage.map(\.lost) == [2...2])
    #expect(news.damage.first?.reason.contains("errno 5") == true)
    #expect(log.walk() == [1, 3, 4])
  }

  @Test("what hinders a look at a file and is no damage of it is said, and tried again")
  func hindered() throws {
    let log = try log()
    _ = try flip(log, frame: 1, byte: 70)
    #expect(log.lookup(2) != nil)
    log.disk.inject(SimFault(.open, file: log.segmentFile(1), code: EMFILE))
    let news = try log.verify()
    #expect(news.flatMap(\.damage) == [])
    #expect(news.flatMap(\.notes).first?.contains("could not be verified") == true)
    log.nowMs += VerificationSchedule.againMs
    #expect(log.lookup(2) != nil)
    #expect(try log.verify().flatMap(\.damage).count == 1)
  }
}

extension TestLog {
  /// Runs the checks that are due, as the writer would; what was found.
  func verify() throws -> [LogNews] {
    var news: [LogNews] = []
    while let job = core.verificationWanted(nowMs: nowMs) {
      let found = core.verified(
        job.run(on: disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: nowMs)
      if !found.isEmpty { news.append(found) }
    }
    return news
  }
}

/// A disk on which some bytes of every file can't be read.
private final class BadSectorDisk: Disk {
  private let disk: any Disk
  private let bad: Range<UInt64>

  init(_ disk: any Disk, _ bad: Range<UInt64>) {
    self.disk = disk
    self.bad = bad
  }

  var path: String { disk.path }
  func list() throws(DiskError) -> [String] { try disk.list() }
  func list(in directory: String) throws(DiskError) -> [String] { try disk.list(in: directory) }
  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    BadSectorFile(try disk.open(name, mode), bad)
  }
  func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
  func rename(_ from: String, toNew to: String) throws(DiskError) {
    try disk.rename(from, toNew: to)
  }
  func unlink(_ name: String) throws(DiskError) { try disk.unlink(name) }
  func createDirectory(_ name: String) throws(DiskError) { try disk.createDirectory(name) }
  func syncDirectory() throws(DiskError) { try disk.syncDirectory() }
  func space() throws(DiskError) -> DiskSpace { try disk.space() }
}

private final class BadSectorFile: DiskFile {
  private let file: any DiskFile
  private let bad: Range<UInt64>

  init(_ file: any DiskFile, _ bad: Range<UInt64>) {
    self.file = file
    self.bad = bad
  }

  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) -> Int {
    guard !bad.overlaps(offset..<offset + UInt64(buffer.count)) else {
      throw DiskError(operation: .read, file: name, code: EIO)
    }
    return try file.read(into: buffer, at: offset)
  }

  var name: String { file.name }
  func size() throws(DiskError) -> UInt64 { try file.size() }
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    try file.write(bytes, at: offset)
  }
  func sync() throws(DiskError) { try file.sync() }
  func truncate(to size: UInt64) throws(DiskError) { try file.truncate(to: size) }
  func close() { file.close() }
}
