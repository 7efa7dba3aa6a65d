import Testing

@testable import SegmentLog

/// What every single length of the last file means, exactly; see the rot matrix for all the rest.
@Suite("Every truncation")
struct EveryTruncationTests {
  /// What stands in the log: messages 1 to 5, of which 2 is delivered and 3 dead, 1 tried once.
  private static func build(sealed: Bool) throws -> TestLog {
    let log = try TestLog(segmentSize: 16 << 10)
    try log.store(1, 2)
    try log.retry(1, count: 1, delayMs: 2000, error: "refused")
    try log.rotate()
    try log.store(3, to: "http://c:80")
    _ = log.core.stage([
      .outcome(OutcomeRecord(sequence: 2, kind: .delivered, attempts: 1, status: 200)),
      .outcome(OutcomeRecord(sequence: 3, kind: .dead, attempts: 1, status: 410, error: "gone")),
    ])
    try log.store(4, 5)
    if sealed { try log.core.seal(nowMs: log.nowMs) }
    log.disk.crash(keeping: .everything)
    return log
  }

  private static let texts: [Sequence: String] = [
    1: "{\"number\":1}", 3: "{\"number\":3}", 4: "{\"number\":4}", 5: "{\"number\":5}",
  ]

  @Test("every truncation across the last three frames", arguments: [false, true])
  func truncations(sealed: Bool) throws {
    let log = try Self.build(sealed: sealed)
    let last = try scan(log.disk, id: 2)
    let bytes = try #require(log.disk.contents(log.segmentFile(2)))
    let end = try #require(last.frames.last?.end)
    let offsets = last.frames.suffix(3).map(\.offset) + [end]
    var names: Set<String> = []
    for length in Int(offsets[0])...Int(end) {
      let disk = log.disk.clone(seed: 1)
      disk.put(log.segmentFile(2), Array(bytes[..<length]))
      let (core, report) = try LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
      // The frames that are whole are there, the one that is cut is not.
      let whole = last.frames.filter { Int($0.end) <= length }
      let next = whole.last.map { frame in
        frame.head.baseSequence
          + UInt64(
            last.directories[last.frames.firstIndex { $0.offset == frame.offset }!].messages.count)
      }
      let left = 3..<(next ?? 3)
      // The checkpoint of a clean stop knows where the frames ended.
      let isDamage = sealed && length < Int(offsets[2])
      #expect(report.damage.isEmpty == !isDamage, "\(length)")
      let lost = Set(report.damage.compactMap(\.lost).joined())
      #expect(lost.isDisjoint(with: left))
      if isDamage {
        // Of the frame that is cut, what stands in whole blocks is not lost.
        for sequence in left.upperBound..<6 {
          let payload = LogReader(disk: disk).payloads(at: core.locate([sequence]))[0]
          #expect((payload == nil) == lost.contains(sequence), "\(sequence) at \(length)")
        }
      }
      // How far a log went that is cut isn't known: no number that may have been given is given again.
      if isDamage {
        #expect(core.state.nextSequence >= 6, "\(length)")
      } else {
        #expect(core.state.nextSequence == left.upperBound, "\(length)")
      }
      let isBorder = offsets.contains(UInt64(length))
      #expect((report.tornTailBytes > 0) == (!isBorder && !isDamage), "\(length)")
      for sequence in left {
        names.insert("\(sequence)")
        let payload = LogReader(disk: disk).payloads(at: core.locate([sequence]))[0]
        #expect(payload.map { String(decoding: $0, as: UTF8.self) } == Self.texts[sequence])
      }
    }
    #expect(names == ["3", "4", "5"])
  }
}
