import Glibc
import Testing

@testable import SegmentLog

/// Files that are deleted, moved or replaced under a log that has them open.
@Suite("Names under an open log")
struct NamesTests {
  private func later(_ log: TestLog) { log.nowMs += LogCore.namesPeriodMs }

  private func expectStop(_ log: TestLog, naming file: String) throws {
    later(log)
    do {
      try log.store(7)
      Issue.record("a message was stored")
    } catch let failure as LogFailure {
      #expect(failure.description.contains(file), "\(failure)")
    }
    #expect(log.core.stage([TestLog.record(3)], nowMs: log.nowMs) == .refused(.stopped))
  }

  @Test("nothing is stored when the segment that is written to is gone or another one")
  func segment() throws {
    for replaced in [false, true] {
      let log = try TestLog()
      try log.store(1)
      let bytes = log.disk.contents(log.segmentFile(1)) ?? []
      log.disk.remove(log.segmentFile(1))
      if replaced { log.disk.put(log.segmentFile(1), bytes) }
      try expectStop(log, naming: log.segmentFile(1))
    }
  }

  @Test("nothing is stored when the lock is not held any more, nor is a segment begun")
  func lock() throws {
    let log = try TestLog()
    try log.store(1)
    log.core.isLocked = { false }
    #expect(throws: LogFailure.self) { try log.core.rotate(room: 0, nowMs: log.nowMs) }
    let other = try TestLog()
    other.core.isLocked = { false }
    try expectStop(other, naming: FileNames.lock)
  }

  @Test("it is looked at once a second")
  func period() throws {
    let log = try TestLog()
    try log.store(1)
    log.core.isLocked = { false }
    log.nowMs += LogCore.namesPeriodMs - 1
    try log.store(2)
    try expectStop(log, naming: FileNames.lock)
  }

  @Test("what was prepared and is gone is made again")
  func prepared() throws {
    let log = try TestLog()
    try log.store(1)
    try log.prepare()
    #expect(log.core.preparation.isReady)
    for name in try log.disk.list() where FileNames.isTemporary(name) { log.disk.remove(name) }
    try log.rotate()
    try log.store(2)
    try log.cutPower()
    #expect(log.walk() == [1, 2])
  }

  @Test("a file that stands under the name of the next segment is not replaced")
  func taken() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.put(log.segmentFile(2), [1, 2, 3])
    #expect(throws: LogFailure.self) { try log.core.rotate(room: 0, nowMs: log.nowMs) }
    #expect(log.disk.contents(log.segmentFile(2)) == [1, 2, 3])
  }

  @Test("a real directory that is moved, and a real file that is replaced, are noticed")
  func real() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/log"
    let disk = try FileDisk(path: path, access: .readWrite)
    let file = try disk.open("a", .createNew)
    #expect(disk.isInPlace && disk.isStill(file, under: "a"))
    _ = try disk.open("b", .createNew)
    #expect(throws: DiskError.self) { try disk.rename("b", toNew: "a") }
    try disk.rename("b", toNew: "c")
    #expect(try disk.list() == ["a", "c"])
    try disk.rename("c", to: "a")
    #expect(!disk.isStill(file, under: "a"))
    try disk.unlink("a")
    #expect(!disk.isStill(file, under: "a"))
    #expect(rename(path, path + "-moved") == 0)
    #expect(!disk.isInPlace)
    #expect(mkdir(path, 0o700) == 0)
    #expect(!disk.isInPlace)
  }
}
