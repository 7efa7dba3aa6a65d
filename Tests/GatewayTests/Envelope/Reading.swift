import Delivery

@testable import Gateway

/// Reads envelopes as the accept path does, with random numbers that repeat.
enum Reading {
  static let now: UInt64 = 1_764_000_000_000

  static func read(
    _ bytes: [UInt8], limits: EnvelopeLimits = EnvelopeLimits(), idempotencyKey: String? = nil,
    refusal: @escaping EnvelopeReader.Refusal = { _, _ in nil }
  ) -> Result<Message, Problem> {
    var random = SeededGenerator(seed: 1)
    let reader = EnvelopeReader(limits: limits, refusal: refusal)
    return bytes.withUnsafeBytes { bytes in
      Result { () throws(Problem) in
        try reader.read(bytes, idempotencyKey: idempotencyKey, now: now, random: &random)
      }
    }
  }

  static func read(
    _ json: String, limits: EnvelopeLimits = EnvelopeLimits(), idempotencyKey: String? = nil,
    refusal: @escaping EnvelopeReader.Refusal = { _, _ in nil }
  ) -> Result<Message, Problem> {
    read(Array(json.utf8), limits: limits, idempotencyKey: idempotencyKey, refusal: refusal)
  }

  /// With `fields` beside a Url.
  static func message(_ fields: String) throws -> Message {
    try read(#"{"Url":"http://a/",\#(fields)}"#).get()
  }

  static func problem(_ json: String) -> Problem? { problem(Array(json.utf8)) }

  static func problem(_ bytes: [UInt8]) -> Problem? {
    if case .failure(let problem) = read(bytes) { problem } else { nil }
  }

  static func pointers(_ json: String) -> [String]? { problem(json)?.errors.map(\.pointer) }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
