import Testing

@testable import SegmentLog

/// A small log with records of every kind, and something wrong at every single place of it.
@Suite("Every truncation and every flipped bit")
struct EveryByteTests {
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

  /// Messages in one frame each with what else stands there.
  private static let frames: [[Sequence]] = [[1, 2], [3], [4, 5]]

  /// What is wrong beyond what the report says; nil when all is well.
  private static func judge(
    _ log: TestLog, _ disk: SimDisk, untouched: LogModelDigest
  ) -> String? {
    let core: LogCore
    let report: RecoveryReport
    do throws(LogError) {
      (core, report) = try LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
    } catch {
      // Refused, and by name.
      return error.description.isEmpty ? "no reason" : nil
    }
    let digest = LogModelDigest(core, disk)
    let isReported =
      !report.damage.isEmpty || report.tornTailBytes > 0 || !report.notes.isEmpty
    if !isReported && digest != untouched { return "unreported: \(digest)" }
    // Nothing is ever shown that isn't so.
    for (sequence, text) in digest.payloads {
      if let text, text != "{\"number\":\(sequence)}" { return "message \(sequence) is \(text)" }
    }
    // What is neither lost nor ended can be read.
    for (sequence, state) in digest.states where state == .pending || state == .dead {
      if digest.payloads[sequence] == .some(nil) { return "message \(sequence) has no payload" }
    }
    // One place costs one frame at most.
    let gone = texts.keys.filter { digest.payloads[$0] == nil }
    let touched = frames.count { frame in gone.contains { frame.contains($0) } }
    let wholeSegment = report.damage.contains { $0.offset == 0 || $0.offset == nil }
    if touched > 1 && !wholeSegment { return "lost \(gone)" }
    return nil
  }

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
      #expect(core.state.nextSequence == next ?? 3, "\(length)")
      #expect(report.damage == [], "\(length)")
      let isBorder = offsets.contains(UInt64(length))
      #expect((report.tornTailBytes > 0) == !isBorder, "\(length)")
      for sequence in core.state.nextSequence > 3 ? 3..<core.state.nextSequence : 3..<3 {
        names.insert("\(sequence)")
        let payload = LogReader(disk: disk).payloads(at: core.locate([sequence]))[0]
        #expect(payload.map { String(decoding: $0, as: UTF8.self) } == Self.texts[sequence])
      }
    }
    #expect(names == ["3", "4", "5"])
  }

  @Test(
    "every bit flipped in turn is reported or harmless, and costs one frame at most",
    arguments: [1, 2] as [UInt64], 0..<4)
  func flips(segment: UInt64, part: Int) throws {
    // The first two parts while the last frame is unproven, the others after a clean stop.
    let log = try Self.build(sealed: part >= 2)
    let untouched = LogModelDigest(log, log.disk.clone(seed: 1))
    #expect(untouched.payloads == Self.texts.mapValues { $0 })
    let size = try #require(log.disk.contents(log.segmentFile(segment))).count
    let end = Int(try scan(log.disk, id: segment).end)
    var bits = Self.headerBits
    bits += (8192 * 8)..<(min(end + 8, size) * 8)
    for bit in bits where bit / 8 % 2 == part % 2 {
      let disk = log.disk.clone(seed: 1)
      disk.flip(log.segmentFile(segment), bit: bit)
      if let wrong = Self.judge(log, disk, untouched: untouched) {
        Issue.record("segment \(segment), bit \(bit % 8) of byte \(bit / 8): \(wrong)")
      }
    }
  }

  /// Both copies, and a sample of the room around them.
  private static var headerBits: [Int] {
    let size = SegmentHeader.size * 8
    let second = FormatLimits.headerCopyOffset * 8
    let room = stride(from: size, to: Int(FormatLimits.firstFrameOffset) * 8, by: 1013)
    return Array(0..<size) + Array(second..<(second + size)) + Array(room)
  }

  @Test("every bit of store.json flipped in turn: refused by name, or written again")
  func identity() throws {
    let log = try Self.build(sealed: true)
    let untouched = LogModelDigest(log, log.disk.clone(seed: 1))
    let size = try #require(log.disk.contents(FileNames.identity)).count
    for bit in 0..<(size * 8) {
      let disk = log.disk.clone(seed: 1)
      disk.flip(FileNames.identity, bit: bit)
      if let wrong = Self.judge(log, disk, untouched: untouched) {
        Issue.record("bit \(bit): \(wrong)")
      }
    }
  }
}

/// What a log shows of its messages.
struct LogModelDigest: Equatable {
  var states: [Sequence: RecordStatus.State] = [:]
  var attempts: [Sequence: UInt32] = [:]
  /// Of those that are live; a value of nil can't be read.
  var payloads: [Sequence: String?] = [:]
  var totals: Totals

  init(_ core: LogCore, _ disk: SimDisk) {
    let reader = LogReader(disk: disk)
    totals = core.totals
    for sequence in 1..<min(core.state.nextSequence, 100) {
      states[sequence] = core.state.state(of: sequence)
      attempts[sequence] = core.state.attempts[sequence]?.count
      guard let location = core.locate([sequence])[0] else { continue }
      payloads[sequence] = .some(
        reader.payloads(at: [location])[0].map { String(decoding: $0, as: UTF8.self) })
    }
  }

  /// Of a log that is opened on `disk` as it is.
  init(_ log: TestLog, _ disk: SimDisk) {
    guard
      let (core, _) = try? LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
    else { fatalError("the untouched log opens") }
    self.init(core, disk)
  }
}
