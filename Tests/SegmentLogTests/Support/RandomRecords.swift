@testable import SegmentLog

/// Random frames of every kind of record, the same for a seed.
struct RandomRecords {
  var random: SplitMix64
  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { int(1...100) <= percent }

  /// Text that compresses a bit like JSON, or noise.
  mutating func payload(max: Int = 2000) -> [UInt8] {
    let length = chance(5) ? 0 : int(1...max)
    if chance(20) { return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) } }
    let words = ["\"id\":", "\"amount\":", "true,", "null,", "\"customer\":", "\"note\":\"ok\","]
    var bytes: [UInt8] = []
    while bytes.count < length {
      bytes += Array(words[int(0...words.count - 1)].utf8) + Array("\(int(0...99_999)),".utf8)
    }
    return Array(bytes[..<length])
  }

  mutating func uuid() -> [UInt8] {
    if chance(70) { return PackedUUID(high: random.next(), low: random.next()).ascii }
    let alphabet = Array("ABCDEFabcdef0123456789_-".utf8)
    return (0..<int(1...128)).map { _ in alphabet[Int.random(in: 0..<24, using: &random)] }
  }

  mutating func record(payloadMax: Int = 2000) -> NewRecord {
    let start: RecordStart =
      switch int(0...4) {
      case 0: .delay(random.next() >> UInt64(int(0...63)))
      case 1: .notBefore(random.next() >> UInt64(int(0...63)))
      default: .atOnce
      }
    return NewRecord(
      uuid: uuid(), key: UUIDKey(high: random.next(), low: random.next()),
      contentHash: random.next(), destination: "http://b:\(int(1...9))", start: start,
      maxAgeMs: chance(30) ? random.next() >> UInt64(int(0...63)) : nil,
      maxAttempts: chance(30) ? UInt32.random(in: 0...UInt32.max, using: &random) : nil,
      payload: payload(max: payloadMax))
  }

  mutating func text() -> String {
    chance(40)
      ? "" : ["connection refused", "503 Service Unavailable", "zeitüberschreitung"][int(0...2)]
  }

  mutating func attempt(before sequence: Sequence) -> AttemptRecord {
    AttemptRecord(
      sequence: UInt64.random(in: 1...max(sequence, 1), using: &random),
      count: UInt32(int(1...1_000_000)), delayMs: UInt32.random(in: 0...UInt32.max, using: &random),
      status: UInt16.random(in: 0...UInt16.max, using: &random), error: text())
  }

  mutating func outcome(before sequence: Sequence) -> OutcomeRecord {
    OutcomeRecord(
      sequence: UInt64.random(in: 1...max(sequence, 1), using: &random),
      kind: OutcomeKind.allCases[int(0...2)], attempts: UInt32(int(0...50)),
      status: [0, 200, 204, 400, 503][int(0...4)], error: text())
  }

  mutating func control() -> ControlRecord {
    ControlRecord(
      kind: UInt16(int(0...65_535)),
      bytes: (0..<int(0...40)).map { _ in UInt8(truncatingIfNeeded: int(0...255)) })
  }
}

/// What went into a frame.
struct FrameContent {
  var baseSequence: Sequence
  var destinations: [(UInt32, String)] = []
  var messages: [NewRecord] = []
  var attempts: [AttemptRecord] = []
  var outcomes: [OutcomeRecord] = []
  var controls: [ControlRecord] = []
  var previousNote: NotePlace?

  static func random(
    _ source: inout RandomRecords, baseSequence: Sequence, countMax: Int = 20,
    payloadMax: Int = 2000
  ) -> FrameContent {
    var content = FrameContent(baseSequence: baseSequence)
    for id in 0..<source.int(0...3) {
      content.destinations.append((UInt32(id), "http://host-\(id):8080"))
    }
    for _ in 0..<source.int(0...countMax) {
      content.messages.append(source.record(payloadMax: payloadMax))
    }
    for _ in 0..<source.int(0...5) { content.attempts.append(source.attempt(before: baseSequence)) }
    for _ in 0..<source.int(0...5) { content.outcomes.append(source.outcome(before: baseSequence)) }
    for _ in 0..<source.int(0...2) { content.controls.append(source.control()) }
    if source.chance(50) {
      content.previousNote = NotePlace(
        segment: UInt64(source.int(1...1_000_000)), frameOffset: UInt64(source.int(8192...1 << 40)))
    }
    return content
  }

  func stage(into encoder: FrameEncoder) {
    encoder.begin(baseSequence: baseSequence)
    for (id, origin) in destinations { encoder.define(destination: id, origin: origin) }
    for (index, message) in messages.enumerated() {
      encoder.append(message, destination: UInt32(index % 3))
    }
    for attempt in attempts { encoder.append(attempt, previousNote: previousNote) }
    for outcome in outcomes { encoder.append(outcome, previousNote: previousNote) }
    for control in controls { encoder.append(control) }
  }
}
