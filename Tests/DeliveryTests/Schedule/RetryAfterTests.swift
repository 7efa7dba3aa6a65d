import Testing

@testable import Delivery

@Suite("Retry-After and HTTP dates")
struct RetryAfterTests {
  /// Sun, 06 Nov 1994 08:49:37 GMT, the RFC's example.
  private let example: UInt64 = 784_111_777_000

  @Test(
    "the three forms of RFC 9110 mean the same",
    arguments: [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
  func forms(text: String) {
    #expect(HTTPDate.parse(text, nowMs: example) == example)
    #expect(RetryAfter.wait(text, nowMs: example - 5000) == .seconds(5))
    #expect(RetryAfter.wait(text, nowMs: example + 5000) == .zero)
  }

  @Test("a two-digit year is at most 50 years ahead")
  func century() {
    let now: UInt64 = 1_790_000_000_000  // 2026
    #expect(HTTPDate.parse("Monday, 01-Jan-30 00:00:00 GMT", nowMs: now) == 1_893_456_000_000)
    #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", nowMs: now) == example)
  }

  @Test("leap days and the turn of a century are where they belong")
  func calendar() {
    let dates: [(String, UInt64)] = [
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799_000),
      ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800_000),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799_000),
    ]
    for (text, milliseconds) in dates {
      #expect(HTTPDate.parse(text, nowMs: 0) == milliseconds)
    }
  }

  @Test(
    "what is neither form is ignored",
    arguments: [
      "", " ", "soon", "-1", "+5", "1.5", "5s", "0x10", "Sun, 06 Nov 1994 08:49:37 PST",
      "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 199x",
      ",,,,,", "Sun, 06 Nov 1994 08:49:37 GMT and a lot more text behind it",
    ])
  func neither(text: String) {
    #expect(RetryAfter.wait(text, nowMs: example) == nil)
  }

  @Test("seconds may stand in blanks, and too many are clamped")
  func seconds() {
    #expect(RetryAfter.wait("0", nowMs: 0) == .zero)
    #expect(RetryAfter.wait(" 120\t", nowMs: 0) == .seconds(120))
    #expect(
      RetryAfter.wait(String(repeating: "9", count: 500), nowMs: 0) == .seconds(1_000_000_000))
  }

  @Test("no text makes it crash")
  func anyText() {
    var random = SplitMix(seed: 3)
    let alphabet = Array("0123456789 ,:-GMTNovSun")
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...45, using: &random)
      let text = String((0..<length).map { _ in alphabet.randomElement(using: &random)! })
      _ = RetryAfter.wait(text, nowMs: UInt64.random(in: 0...UInt64.max, using: &random))
    }
  }
}
