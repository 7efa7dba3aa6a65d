@testable import SegmentLog

/// A whole store as the engine of some day left it, with what a start must make of it.
///
/// A store is written once and never changed: `write` says how it came about, and may have to change
/// with the engine's interface, but what stands in `stores/` stays as it is.
struct GoldenStore: Sendable {
  let name: String
  private let write: @Sendable (inout GoldenScript) throws -> Void

  static let all = [
    GoldenStore(name: "sealed") { script in
      try script.liveThrough()
      try script.log.core.seal(nowMs: script.log.nowMs)
    },
    // Killed in the middle of a write: frames whose sync nobody proved, then half a frame.
    GoldenStore(name: "torn") { script in
      try script.liveThrough()
      try script.store(20...22)
      let end = try script.endOfActive()
      try script.store(23...25)
      script.cut = end.offset + (try script.endOfActive().offset - end.offset) / 2
    },
    // A power cut, a start that logged the last frames again, and another kill.
    GoldenStore(name: "logged-again") { script in
      try script.liveThrough()
      try script.store(20...22)
      try script.log.restart()
      try script.end(20, .delivered, attempts: 1, status: 204)
      try script.store(23...24)
    },
    // Two checkpoints, and frames behind the position of the newer one.
    GoldenStore(name: "checkpoints") { script in
      try script.liveThrough()
      try script.log.settle()
      for number in [3, 5, 6, 7, 9] { try script.end(number, .delivered, attempts: 1, status: 200) }
      try script.end(2, .cancelled, attempts: 2, status: 0)
      try script.log.settle()
      try script.store(20...22)
      try script.end(20, .delivered, attempts: 1, status: 200)
    },
    // Cold segments, dedup files and two checkpoints that list them; one compaction behind the newest.
    GoldenStore(name: "compacted") { script in
      try script.liveThrough()
      try script.log.settle()
      try script.end(3, .delivered, attempts: 3, status: 200)
      try script.log.rotate()
      try script.store(20...22)
      try script.log.settle()
      for number in 20...21 { try script.end(number, .delivered, attempts: 1, status: 200) }
      try script.log.rotate()
      // Messages ended just now: it is looked again after a while.
      try script.log.copyForward()
      script.log.nowMs += 6000
      guard try script.log.copyForward() else { throw RunFailure(description: "no compaction") }
      try script.store(23...24)
    },
  ]

  /// The directory's files. Zeros behind the last frame are cut, but for a few.
  func files() throws -> [(name: String, bytes: [UInt8])] {
    var script = try GoldenScript()
    try write(&script)
    let active = try script.endOfActive()
    return try script.log.disk.list().compactMap { name in
      guard var bytes = script.log.disk.contents(name), !FileNames.isTemporary(name),
        name != FileNames.lock, !FileNames.reserves.contains(name)
      else { return nil }
      if name == active.file {
        let end = Int(script.cut ?? active.offset)
        bytes = bytes[..<end] + [UInt8](repeating: 0, count: min(600, bytes.count - end))
      }
      return (name, bytes)
    }
  }
}

/// What is done to a log to make a golden store. Message `n` is the same in all of them.
struct GoldenScript {
  let log: TestLog
  /// Where the active segment is cut, when not behind its last frame.
  var cut: UInt64?

  static let numbers = 1...40

  init() throws { log = try TestLog(segmentSize: 32 << 10) }

  static func record(_ number: Int) -> NewRecord {
    let start: RecordStart =
      switch number % 5 {
      case 1: .delay(UInt64(number) * 1000)
      case 2: .notBefore(1_800_000_000_000 + UInt64(number))
      default: .atOnce
      }
    return NewRecord(
      uuid: number % 3 == 0
        ? Array("order_\(number)".utf8) : PackedUUID(high: 0xab, low: UInt64(number)).ascii,
      key: UUIDKey(high: UInt64(number) &* 0x9e37_79b9_7f4a_7c15, low: UInt64(number)),
      contentHash: UInt64(number) &* 0x0101_0101, destination: destination(number), start: start,
      maxAgeMs: number % 4 == 0 ? 86_400_000 : nil, maxAttempts: number % 7 == 0 ? 9 : nil,
      payload: payload(number))
  }

  private static func destination(_ number: Int) -> String {
    ["http://b:8080", "https://hooks.example:443", "http://[::1]:80"][number % 3]
  }

  /// One is empty, one larger than a block, one doesn't compress; the rest are small texts.
  private static func payload(_ number: Int) -> [UInt8] {
    switch number {
    case 5: return []
    case 6: return Array(String(repeating: "0123456789 ", count: 7000).utf8)
    case 7:
      var random = SplitMix64(seed: 7)
      return (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
    default: return Array(String(repeating: "{\"number\":\(number)} ", count: number).utf8)
    }
  }

  /// Two closed segments and an active one, with every kind of record.
  func liveThrough() throws {
    try store(1...7)
    try end(1, .delivered, attempts: 1, status: 200)
    try log.retry(
      sequence(2), count: 1, delayMs: 2000, status: 503, error: "503 Service Unavailable")
    try store(8...9)
    try log.retry(sequence(3), count: 1, delayMs: 4000, status: 0, error: "connection refused")
    try log.rotate()
    try end(2, .dead, attempts: 2, status: 410, error: "410 Gone: überholt")
    try end(4, .cancelled, attempts: 0, status: 0)
    try store(10...14)
    try log.retry(sequence(3), count: 2, delayMs: 8000, status: 429, error: "")
    try log.rotate()
    try end(8, .delivered, attempts: 3, status: 202)
    try end(10, .dead, attempts: 9, status: 500, error: "500 Internal Server Error")
    try store(15...17)
    try end(15, .delivered, attempts: 1, status: 200)
  }

  /// In one frame, a second after the last.
  func store(_ numbers: ClosedRange<Int>) throws {
    log.nowMs += 1000
    try log.store(numbers.map(Self.record))
  }

  func end(
    _ number: Int, _ kind: OutcomeKind, attempts: UInt32, status: UInt16, error: String = ""
  ) throws {
    log.nowMs += 1000
    try log.end([sequence(number)], kind, attempts: attempts, status: status, error: error)
  }

  func endOfActive() throws -> (file: String, offset: UInt64) {
    let file = log.segmentFile(try log.segments.max().orThrow("no segment"))
    let chain = try LogChain.read(log.disk)
    let segment = try chain.segments.last.orThrow("no segment")
    var end = FormatLimits.firstFrameOffset
    _ = try SegmentWalk.run(segment, on: log.disk, checksBlocks: false) {
      (frame, _) throws(DiskError) in end = frame.end
    }
    return (file, end)
  }

  private func sequence(_ number: Int) throws -> Sequence {
    let record = Self.record(number)
    return try log.core.lookup(key: record.key, uuid: record.uuid).orThrow("no \(number)").sequence
  }
}

extension Optional {
  fileprivate func orThrow(_ what: String) throws -> Wrapped {
    guard let self else { throw RunFailure(description: what) }
    return self
  }
}
