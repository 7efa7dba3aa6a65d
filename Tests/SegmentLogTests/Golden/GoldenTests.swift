import Foundation
import Testing

@testable import SegmentLog

/// A directory that was written once, in format version 1, and is decoded in every run: what stands
/// in `v1/` must stay readable for ever. It is never changed; a later version adds one of its own.
///
/// `DISPATCHER_WRITE_GOLDEN=1 swift test --filter GoldenTests` writes it (only where it is missing)
/// together with the text of what it holds.
@Suite("Golden files", .serialized)
struct GoldenTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("v1").path
  private static let dump = folder + "/expected.txt"

  @Test("a directory of format version 1 is read as it always was")
  func version1() throws {
    try writeWhereMissing()
    let disk = try FileDisk(path: Self.folder, access: .readOnly)
    let expected = try String(contentsOfFile: Self.dump, encoding: .utf8)
    #expect(try LogDump.text(of: disk) == expected)
    #expect(try StoreIdentity.find(on: disk)?.store == SegmentBuilder.store)
    #expect(try LogSurvey(of: disk).problems.isEmpty)
  }

  @Test("the first bytes of a segment and of its first frame are as FORMAT.md says")
  func bytes() throws {
    let path = Self.folder + "/" + FileNames.segment(1)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(Array(bytes[0..<16]) == Array("DISPSEG\n".utf8) + [1, 0, 0, 0, 160, 0, 0, 0])
    #expect(bytes[4096..<4096 + 160] == bytes[0..<160])
    #expect(Array(bytes[8192..<8196]) == Array("DFRM".utf8))
  }

  private func writeWhereMissing() throws {
    let wanted = ProcessInfo.processInfo.environment["DISPATCHER_WRITE_GOLDEN"] == "1"
    guard wanted, !FileManager.default.fileExists(atPath: Self.dump) else { return }
    try FileManager.default.createDirectory(
      atPath: Self.folder, withIntermediateDirectories: true)
    let sample = SimDisk()
    GoldenLog.put(on: sample)
    for name in try sample.list() {
      let bytes = try #require(sample.contents(name))
      try Data(bytes).write(to: URL(fileURLWithPath: Self.folder + "/" + name))
    }
    try LogDump.text(of: sample).write(toFile: Self.dump, atomically: true, encoding: .utf8)
  }
}

/// What the golden directory was made of: the sample log, and a segment of random frames.
private enum GoldenLog {
  static func put(on disk: SimDisk) {
    let sample = SampleLog(sealed: false)
    sample.put(on: disk)
    var totals = Totals()
    totals.accepted = 6
    totals.delivered = 2
    totals.dead = 1
    totals.cancelled = 1
    var third = sample.second.successor(totals: totals)
    var source = RandomRecords(seed: 20_260_101)
    for round in 0..<6 {
      var content = FrameContent.random(
        &source, baseSequence: third.nextSequence, countMax: round == 3 ? 60 : 6, payloadMax: 1200)
      content.attempts = content.attempts.map { attempt in
        var attempt = attempt
        attempt.sequence = 4
        return attempt
      }
      content.outcomes = round == 5 ? [content.delivery(of: 6)] : []
      third.append(content)
    }
    third.append()
    third.append(.footer)
    third.put(on: disk)
  }
}

extension FrameContent {
  fileprivate func delivery(of sequence: Sequence) -> OutcomeRecord {
    OutcomeRecord(sequence: sequence, kind: .delivered, attempts: 1, status: 200)
  }
}
