import Glibc
import Testing

@testable import SegmentLog

@Suite("The simulated disk")
struct SimDiskTests {
  private func write(_ bytes: [UInt8], to file: any DiskFile, at offset: UInt64 = 0) throws -> Int {
    try bytes.withBytes { (buffer) throws(DiskError) in try file.write(buffer, at: offset) }
  }

  private func durableFile(_ disk: SimDisk, _ name: String, _ bytes: [UInt8]) throws -> any DiskFile
  {
    let file = try disk.open(name, .createNew)
    _ = try write(bytes, to: file)
    try file.sync()
    try disk.syncDirectory()
    return file
  }

  @Test("what was written is visible at once and durable only after a sync")
  func contentNeedsSync() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [1, 2, 3])
    _ = try write([9], to: file, at: 1)
    #expect(disk.contents("a") == [1, 9, 3])
    #expect(disk.durableContents("a") == [1, 2, 3])
    disk.cutPower()
    #expect(disk.contents("a") == [1, 2, 3])
  }

  @Test("a new name is durable only after the directory was synced")
  func nameNeedsSync() throws {
    let disk = SimDisk()
    let file = try disk.open("a", .createNew)
    _ = try write([1], to: file)
    try file.sync()
    #expect(try disk.list() == ["a"])
    disk.cutPower()
    #expect(try disk.list() == [])
  }

  @Test("a rename and an unlink are undone by a power cut before the directory's sync")
  func renameNeedsSync() throws {
    let disk = SimDisk()
    _ = try durableFile(disk, "a", [1])
    _ = try durableFile(disk, "b", [2])
    try disk.rename("a", to: "c")
    try disk.unlink("b")
    #expect(try disk.list() == ["c"])
    let kept = disk.clone(seed: 1)
    kept.crash(keeping: .everything)
    #expect(try kept.list() == ["c"])
    disk.cutPower()
    #expect(try disk.list() == ["a", "b"])
    #expect(disk.contents("a") == [1])
  }

  @Test("the size of a file is durable with its sync only, grown or cut")
  func sizeNeedsSync() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [UInt8](repeating: 7, count: 1000))
    try file.truncate(to: 10)
    _ = try write([1], to: file, at: 2000)
    #expect(disk.contents("a")?.count == 2001)
    #expect(disk.contents("a")?[500] == 0)
    disk.cutPower()
    #expect(disk.contents("a") == [UInt8](repeating: 7, count: 1000))
    let again = try disk.open("a", .readWrite)
    try again.truncate(to: 10)
    try again.sync()
    disk.cutPower()
    #expect(disk.contents("a")?.count == 10)
  }

  @Test("a random crash keeps or loses each sector of 512 bytes on its own")
  func sectorsTear() throws {
    var outcomes: Set<[UInt8]> = []
    for seed in UInt64(0)..<64 {
      let disk = SimDisk(seed: seed)
      let file = try durableFile(disk, "a", [UInt8](repeating: 1, count: 1536))
      _ = try write([UInt8](repeating: 2, count: 1536), to: file)
      disk.crash(keeping: .random)
      let bytes = try #require(disk.contents("a"))
      let sectors = stride(from: 0, to: 1536, by: 512).map { bytes[$0] }
      for (index, value) in bytes.enumerated() { #expect(value == sectors[index / 512]) }
      outcomes.insert(sectors)
    }
    #expect(outcomes.count == 8)
  }

  @Test("a random crash keeps directory changes in every combination, and repeats for a seed")
  func namesTear() throws {
    func run(_ seed: UInt64) throws -> [String] {
      let disk = SimDisk(seed: seed)
      for name in ["a", "b", "c"] { _ = try disk.open(name, .createNew) }
      disk.crash(keeping: .random)
      return try disk.list()
    }
    var outcomes: Set<[String]> = []
    for seed in UInt64(0)..<128 {
      outcomes.insert(try run(seed))
      #expect(try run(seed) == run(seed))
    }
    #expect(outcomes.count == 8)
  }

  @Test("after a failed sync the content is visible, counts as clean and never becomes durable")
  func failedSync() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [1])
    _ = try write([2], to: file)
    disk.inject(SimFault(.sync, code: EIO))
    #expect(throws: DiskError(operation: .sync, file: "a", code: EIO)) { try file.sync() }
    try file.sync()
    disk.restartKeepingCache()
    #expect(disk.contents("a") == [2])
    disk.crash(keeping: .everything)
    #expect(disk.contents("a") == [1])
  }

  @Test("the n-th call of a kind fails, once or for good, with or without its effect")
  func faults() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [0])
    disk.inject(SimFault(.write, nth: 2, code: EIO))
    #expect(try write([1], to: file) == 1)
    #expect(throws: DiskError.self) { try write([2], to: file) }
    #expect(disk.contents("a") == [1])
    #expect(try write([3], to: file) == 1)

    disk.inject(SimFault(.write, code: EIO, effect: .complete))
    #expect(throws: DiskError.self) { try write([4], to: file) }
    #expect(disk.contents("a") == [4])

    disk.inject(SimFault(.write, file: "b", code: EIO, staysBroken: true))
    #expect(try write([5], to: file) == 1)
    disk.inject(SimFault(nil, code: ENOSPC, staysBroken: true))
    #expect(throws: DiskError.self) { try disk.list() }
    #expect(throws: DiskError.self) { try disk.syncDirectory() }
    disk.clearFaults()
    #expect(try disk.list() == ["a"])
  }

  @Test("a write can be short, and a full disk makes it short before it fails")
  func shortWrites() throws {
    let disk = SimDisk(capacity: 4)
    let file = try disk.open("a", .createNew)
    disk.inject(.shortWrite(bytes: 1))
    #expect(try write([1, 2], to: file) == 1)
    #expect(try write([1, 2, 3, 4, 5, 6], to: file) == 4)
    #expect(try disk.space() == DiskSpace(totalBytes: 4, availableBytes: 0))
    #expect(throws: DiskError(operation: .write, file: "a", code: ENOSPC)) {
      try write([1], to: file, at: 4)
    }
    #expect(try write([9], to: file, at: 0) == 1)
  }

  @Test("a stopped disk refuses every call until it starts again, and old files stay useless")
  func stopping() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [1])
    disk.stop(afterChanges: 1)
    #expect(try write([2], to: file) == 1)
    #expect(!disk.isStopped)
    #expect(throws: DiskError.self) { try file.sync() }
    #expect(disk.isStopped)
    #expect(throws: DiskError.self) { try disk.list() }
    disk.cutPower()
    #expect(try disk.list() == ["a"])
    #expect(throws: DiskError(operation: .sync, file: "a", code: EBADF)) { try file.sync() }
  }

  @Test("an unlinked file stays readable for who has it open")
  func unlinkedStaysOpen() throws {
    let disk = SimDisk()
    let file = try durableFile(disk, "a", [1, 2])
    try disk.unlink("a")
    var bytes: [UInt8] = [0, 0, 0]
    let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: 0)
    }
    #expect(count == 2)
    #expect(throws: DiskError.self) { try disk.open("a", .readOnly) }
  }

  @Test("calls are counted by kind, and changes can be read as text")
  func counting() throws {
    let disk = SimDisk()
    disk.record()
    _ = try durableFile(disk, "a", [1])
    #expect(disk.trace == ["open a", "write a 0+1", "sync a", "syncDirectory "])
    #expect(disk.changes == 4)
    #expect(disk.calls(.write) == 1)
    #expect(disk.calls == 4)
  }
}
