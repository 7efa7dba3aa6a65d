import Foundation
import Testing

@testable import SegmentLog

/// Whole stores of format version 1 that open for ever as they did on the day they were written.
///
/// `DISPATCHER_WRITE_GOLDEN=1 swift test --filter GoldenStoreTests` writes those that are missing,
/// and the text of what they hold. What is there is never written again.
@Suite("Golden stores")
struct GoldenStoreTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("stores").path

  @Test("a store opens with the state it had", arguments: GoldenStore.all.map(\.name))
  func opens(name: String) throws {
    let store = try #require(GoldenStore.all.first { $0.name == name })
    try writeWhereMissing(store)
    let expected = try String(contentsOfFile: Self.folder + "/\(name).txt", encoding: .utf8)
    #expect(try Self.text(of: try Self.disk(name)) == expected)
  }

  @Test("a store that was opened twice is the same", arguments: GoldenStore.all.map(\.name))
  func twice(name: String) throws {
    let disk = try Self.disk(name)
    let first = try TestLog(disk: disk, segmentSize: 32 << 10)
    let state = Self.state(of: first)
    try first.restart()
    #expect(Self.state(of: first) == state)
  }

  /// Every file as the scanner reads it, what a start says, and the state afterwards.
  private static func text(of disk: SimDisk) throws -> String {
    var out = try LogDump.text(of: disk)
    let log = try TestLog(disk: disk, segmentSize: 32 << 10)
    let report = log.report
    out += "clean stop \(report.cleanStop),"
    out += " \(report.reloggedFrames) logged again, \(report.tornTailBytes) bytes torn,"
    out += " \(report.damage.count) damaged\n"
    return out + state(of: log)
  }

  private static func state(of log: TestLog) -> String {
    StateDump.text(
      of: log.core, on: log.disk, known: GoldenScript.numbers.map(GoldenScript.record))
  }

  /// A copy in memory: the files themselves are only read.
  private static func disk(_ name: String) throws -> SimDisk {
    let disk = SimDisk()
    let path = folder + "/" + name
    for file in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
      disk.put(file, try [UInt8](Data(contentsOf: URL(fileURLWithPath: path + "/" + file))))
    }
    return disk
  }

  private func writeWhereMissing(_ store: GoldenStore) throws {
    let wanted = ProcessInfo.processInfo.environment["DISPATCHER_WRITE_GOLDEN"] == "1"
    let path = Self.folder + "/" + store.name
    guard wanted, !FileManager.default.fileExists(atPath: path) else { return }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, bytes) in try store.files() {
      try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }
    try Self.text(of: try Self.disk(store.name))
      .write(toFile: path + ".txt", atomically: true, encoding: .utf8)
  }
}
