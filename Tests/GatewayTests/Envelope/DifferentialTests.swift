import Delivery
import Foundation
import Testing

@testable import Gateway

/// Our reader beside Foundation's two: whatever ours accepts they read the same, and whatever one of
/// them refuses ours refuses. The other way round it need not be: ours refuses what JSON allows and
/// envelopes don't (unknown names, twin names …).
///
/// A failure prints its seed; `DISPATCHER_SEED=<seed> swift test --filter DifferentialTests` repeats
/// it.
@Suite("Beside Foundation") struct DifferentialTests {
  private static let seeds: Range<UInt64> = {
    guard let text = ProcessInfo.processInfo.environment["DISPATCHER_SEED"], let seed = UInt64(text)
    else { return 0..<20_000 }
    return seed..<seed + 1
  }()

  @Test("every valid envelope is accepted and read the same")
  func valid() {
    for seed in Self.seeds where seed % 4 == 0 || Self.seeds.count == 1 {
      var generator = EnvelopeGenerator(seed: seed)
      let bytes = generator.valid()
      guard case .success(let message) = Reading.read(bytes) else {
        Issue.record("seed \(seed): refused: \(String(decoding: bytes, as: UTF8.self))")
        continue
      }
      compare(message, bytes, seed)
    }
  }

  @Test("what is accepted of mutated envelopes is read the same")
  func mutated() {
    var accepted = 0
    for seed in Self.seeds {
      var generator = EnvelopeGenerator(seed: seed)
      let bytes = generator.mutated()
      guard case .success(let message) = Reading.read(bytes) else { continue }
      accepted += 1
      compare(message, bytes, seed)
    }
    // Otherwise the mutations are too rough to find anything.
    if Self.seeds.count > 1 { #expect(accepted > Self.seeds.count / 20) }
  }

  @Test("our JSON syntax is Foundation's, but for where Foundation is laxer")
  func syntax() {
    for seed in Self.seeds {
      var generator = EnvelopeGenerator(seed: seed)
      var bytes = Array(generator.json().utf8)
      if seed % 2 == 0 { bytes = generator.mutated() }
      let ours = isJSON(bytes)
      let theirs = FoundationReading.accepts(bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      if ours, !theirs {
        #expect(FoundationReading.hasWildNumber(bytes), "seed \(seed): only ours takes \(text)")
        #expect(Reading.problem(bytes) != nil, "seed \(seed): \(text)")
      } else if theirs, !ours {
        let strict = FoundationReading.withoutLaxities(bytes)
        #expect(isJSON(strict), "seed \(seed): only Foundation takes \(text)")
      }
    }
  }

  private func isJSON(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      var cursor = JSONCursor(bytes)
      do {
        try cursor.begin()
        try cursor.skipValue()
        try cursor.end()
        return true
      } catch {
        return false
      }
    }
  }

  private func compare(_ message: Message, _ bytes: [UInt8], _ seed: UInt64) {
    let text = String(decoding: bytes, as: UTF8.self)
    for reading in FoundationReading.trusted(with: bytes) {
      do {
        let expected = try reading.message(bytes, like: message)
        #expect(message == expected, "seed \(seed), \(reading): \(text)")
      } catch {
        Issue.record("seed \(seed): \(reading) refuses \(text): \(error)")
      }
    }
  }
}
