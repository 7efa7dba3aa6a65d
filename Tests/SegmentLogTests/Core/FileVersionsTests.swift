import Testing

@testable import SegmentLog

@Suite("Files of a later version")
struct FileVersionsTests {
  /// A log with a file of each kind.
  private func log() throws -> TestLog {
    let log = try TestLog(disk: SimDisk(seed: 1), segmentSize: 16 << 10)
    for segment in 0..<3 {
      if segment > 0 { try log.rotate() }
      let stored = try log.store(segment * 2 + 1, segment * 2 + 2)
      try log.end([stored[0]])
    }
    try log.prepare()
    try log.settle()
    #expect(log.cold == [1] && log.dedups == [1] && log.checkpoints.count == 2)
    var accepted = AcceptedDamage(store: StoreUUID(high: 77, low: 88))
    accepted.add([], lost: 0, nowMs: log.nowMs)
    log.disk.put(FileNames.acceptedDamage, accepted.encoded())
    return log
  }

  private func files(_ log: TestLog) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try log.disk.list() { files[name] = log.disk.contents(name) }
    return files
  }

  /// As a later program would write it: another number, and all behind it of its own.
  private func later(_ bytes: [UInt8]) -> [UInt8] {
    var later = bytes
    later[8] = 2
    for index in 16..<later.count { later[index] ^= 0x5a }
    return later
  }

  @Test("are refused by name, and nothing in the directory is changed")
  func refused() throws {
    let log = try log()
    let names = try log.disk.list().filter {
      LogFile(name: $0) != nil || FileNames.checkpointNumber($0) != nil
        || $0 == FileNames.acceptedDamage
    }
    #expect(names.count >= 6)
    // What a start would delete first.
    log.disk.put("something.tmp", [1])
    let whole = try files(log)
    for name in names {
      log.disk.put(name, later(whole[name] ?? []))
      let before = try files(log)
      do {
        try log.restart()
        Issue.record("\(name) was passed by")
      } catch LogError.otherVersion(let file, let found) {
        #expect(file == name)
        #expect(found.contains("version 2"), "\(found)")
      }
      #expect(try files(log) == before, "\(name)")
      log.disk.put(name, whole[name] ?? [])
    }
    try log.restart()
    #expect(log.report.damage == [] && log.walk() == [2, 4, 6])
  }

  @Test("a flipped bit in a version is damage, and no reason to refuse the log")
  func flipped() throws {
    let log = try log()
    for name in try log.disk.list() {
      let isVersioned =
        LogFile(name: name) != nil || FileNames.checkpointNumber(name) != nil
        || name == FileNames.acceptedDamage
      guard isVersioned else { continue }
      for bit in 64..<80 {
        let copy = log.disk.clone(seed: 3)
        copy.flip(name, bit: bit)
        #expect(throws: Never.self, "\(name) \(bit)") {
          try LogCore.open(disk: copy, options: log.options, nowMs: log.nowMs)
        }
      }
    }
  }
}
