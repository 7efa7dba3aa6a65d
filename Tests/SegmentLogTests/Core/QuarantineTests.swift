import Glibc
import Testing

@testable import SegmentLog

@Suite("Copies of what could not be read")
struct QuarantineTests {
  private func disk(_ sizes: [Int]) -> SimDisk {
    let disk = SimDisk()
    for (index, size) in sizes.enumerated() {
      disk.put("f\(index)", [UInt8](repeating: UInt8(index + 1), count: size))
    }
    return disk
  }

  private func items(_ sizes: [Int]) -> [Quarantine.Item] {
    sizes.enumerated().map {
      Quarantine.Item(file: "f\($0.offset)", offset: 0, end: UInt64($0.element))
    }
  }

  @Test("so many files and bytes at most: the first stay, and what finds no place is said")
  func bounded() throws {
    let sizes = [40, 30, 50, 20, 10]
    let disk = disk(sizes)
    let byBytes = Quarantine.copy(items(sizes), on: disk, limits: .init(files: 9, bytes: 100))
    // 50 has no place behind 70, 20 and 10 have.
    #expect(byBytes.leftOut.map(\.file) == ["f2"])
    #expect(try disk.list(in: "quarantine") == ["f0-0", "f1-0", "f3-0", "f4-0"])
    #expect(disk.contents("quarantine/f3-0") == [UInt8](repeating: 4, count: 20))
    #expect(!byBytes.isComplete)
    #expect(byBytes.notes.count == 1)
    #expect(byBytes.notes[0].contains("1 places with 50 bytes were not copied, the first in f2"))

    // What stands there counts, and is not copied again.
    let again = Quarantine.copy(items(sizes), on: disk, limits: .init(files: 5, bytes: 1000))
    #expect(again.isComplete && again.notes == [])
    let other = Quarantine.Item(file: "f0", offset: 1, end: 3)
    let byFiles = Quarantine.copy([other], on: disk, limits: .init(files: 5, bytes: 1000))
    #expect(byFiles.leftOut.map(\.offset) == [1])
    #expect(try disk.list(in: "quarantine").count == 5)
  }

  @Test("a start with a full quarantine says so, and leaves the bytes where they are")
  func full() throws {
    let log = try TestLog()
    try log.store(1)
    let bytes = try log.tearTail()
    try log.disk.createDirectory("quarantine")
    for number in 0..<Quarantine.Limits().files { log.disk.put("quarantine/old-\(number)", [1]) }
    try log.restart()
    #expect(log.report.notes.contains { $0.contains("quarantine is full") }, "\(log.report.notes)")
    #expect(try log.disk.list(in: "quarantine").allSatisfy { $0.hasPrefix("old-") })
    #expect(log.disk.contents(log.segmentFile(1)) == bytes)
    #expect(log.walk() == [1])
    #expect(try log.store(3) == [2])
  }
}
