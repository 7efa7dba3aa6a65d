import Foundation
import Testing

@testable import Gateway

@Suite("Timestamps")
struct TimestampTests {
  @Test("both spellings agree with Foundation's calendar over four centuries")
  func agreesWithFoundation() {
    let rfc3339 = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    var random = SeededGenerator(seed: 1)
    let edges: [UInt64] = [0, 951_782_399_999, 951_782_400_000, 4_107_542_400_000]
    let some = (0..<500).map { _ in UInt64.random(in: 0...12_622_780_800_000, using: &random) }
    for unixMs in edges + some {
      let date = Date(timeIntervalSince1970: Double(unixMs / 1000))
      let expected = date.formatted(rfc3339)
      #expect(Timestamps.rfc3339(unixMs: unixMs).prefix(19) == expected.prefix(19))
    }
  }

  @Test("milliseconds are kept, and HTTP dates have their day of the week")
  func examples() {
    #expect(Timestamps.rfc3339(unixMs: 784_111_777_007) == "1994-11-06T08:49:37.007Z")
    #expect(Timestamps.httpDate(unixMs: 784_111_777_007) == "Sun, 06 Nov 1994 08:49:37 GMT")
  }
}
