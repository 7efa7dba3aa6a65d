import Testing

@testable import SegmentLog

@Suite("Repair")
struct LogRepairTests {
  private func damaged() throws -> TestLog {
    let log = try TestLog()
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.store(4)
    log.disk.crash(keeping: .everything)
    let offset = try scan(log.disk, id: 1).frames[0].offset
    log.disk.flip(log.segmentFile(1), bit: (Int(offset) + 80) * 8)
    return log
  }

  private func contents(_ disk: SimDisk) throws -> [String: [UInt8]?] {
    Dictionary(uniqueKeysWithValues: try disk.list().map { ($0, disk.contents($0)) })
  }

  @Test("examining says what a start would find, and changes nothing")
  func examine() throws {
    let log = try damaged()
    let before = try contents(log.disk)
    let changes = log.disk.changes
    let examined = try LogRepair.examine(log.disk, nowMs: log.nowMs)
    #expect(log.disk.changes == changes)
    #expect(try contents(log.disk) == before)
    try log.restart()
    #expect(examined.report == log.report)
    #expect(examined.report.damage.map(\.lost) == [1...2])
    #expect(examined.totals == log.core.totals)
  }

  @Test("accepting leaves a log that starts in full")
  func accept() throws {
    let log = try damaged()
    let repaired = try LogRepair.accept(log.disk, nowMs: log.nowMs)
    #expect(repaired.loss.messages == 2)
    #expect(repaired.totals.pending == 2)
    let examined = try LogRepair.examine(log.disk, nowMs: log.nowMs)
    #expect(examined.report.damage == [])
    #expect(examined.report.lost == 2)
    log.disk.cutPower()
    try log.restart()
    #expect(log.report.damage == [])
    #expect(log.report.cleanStop)
    #expect(log.core.readOnlyReason == nil)
    #expect(log.walk() == [3, 4])
    #expect(try LogRepair.accept(log.disk, nowMs: log.nowMs).loss.damage == [])
  }

  @Test("rot that a start does not look at is found, and can be given up, block and frame alike")
  func bodies() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    try log.store([
      TestLog.record(1, payload: noise(60_000, seed: 1)),
      TestLog.record(2, payload: noise(60_000, seed: 2)), TestLog.record(3, payload: []),
      TestLog.record(4, payload: noise(5000, seed: 3)),
    ])
    try log.end([1])
    try log.store(5, 6)
    try log.end([5])
    try log.store(7)
    try log.rotate()
    try log.core.checkBodies()
    #expect(log.core.state.damage == [])

    let frames = try scan(log.disk).frames
    log.disk.flip(log.segmentFile(1), bit: Int(frames[0].end - 10) * 8)
    log.disk.flip(log.segmentFile(1), bit: Int(frames[2].offset + 40) * 8)
    try log.core.checkBodies()
    #expect(log.core.state.damage.map(\.lost) == [2...4, 6...6])
    #expect(log.core.state.damage.map(\.lostCount) == [2, 1])
    #expect(log.core.state.damage[0].uuids == ["m-2", "m-4"])
    #expect(log.core.state.damage[1].offset == frames[2].offset)
    let loss = try log.core.acceptDamage(nowMs: log.nowMs)
    #expect(loss.messages == 3)
    #expect(log.core.totals.pending == 2)
    #expect(log.walk() == [3, 7])
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.report.lost == 3)
      #expect(log.core.totals.pending == 2)
      #expect(log.walk() == [3, 7])
    }
  }

  @Test("a dry disk shows changes to those who made them, and to nobody else")
  func dryDisk() throws {
    let disk = SimDisk()
    disk.put("a", Array(0..<200) + Array(repeating: 7, count: 10_000))
    disk.put("b", [1])
    let dry = DryDisk(over: disk)
    let file = try dry.open("a", .readWrite)
    _ = try [UInt8]([9, 9, 9]).withBytes { (bytes) throws(DiskError) in
      try file.write(bytes, at: 4095)
    }
    try file.truncate(to: 4100)
    #expect(try file.size() == 4100)
    let below = Array(0..<200) + [UInt8](repeating: 7, count: 3895)
    #expect(try read(dry, "a") == below + [9, 9, 9, 7, 7])
    _ = try [UInt8]([5]).withBytes { (bytes) throws(DiskError) in try file.write(bytes, at: 4110) }
    #expect(try read(dry, "a")[4098...] == [7, 7] + Array(repeating: 0, count: 10) + [5])
    try dry.rename("b", to: "c")
    try dry.unlink("a")
    let new = try dry.open("d", .createNew)
    _ = try [UInt8]([3]).withBytes { (bytes) throws(DiskError) in try new.write(bytes, at: 5000) }
    #expect(try read(dry, "d") == Array(repeating: 0, count: 5000) + [3])
    #expect(throws: DiskError.self) { try dry.open("a", .readOnly) }
    #expect(throws: DiskError.self) { try dry.open("d", .createNew) }
    #expect(try dry.list() == ["c", "d"])
    #expect(try disk.list() == ["a", "b"])
    #expect(disk.contents("a")?.count == 10_200)
  }

  private func read(_ disk: DryDisk, _ name: String) throws -> [UInt8] {
    let file = try disk.open(name, .readOnly)
    var bytes = [UInt8](repeating: 1, count: Int(try file.size()))
    let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: 0)
    }
    return Array(bytes[..<count])
  }
}
