import Testing

@testable import Dispatcher

@Suite struct DurationTextTests {
  @Test(
    "times are read with their units, bare numbers as milliseconds",
    arguments: [
      ("0", 0), ("1000", 1000), ("250ms", 250), ("10s", 10_000), ("15m", 900_000),
      ("1h", 3_600_000), ("7d", 604_800_000), ("1h30m", 5_400_000), ("1m0s5ms", 60_005), ("0s", 0),
    ])
  func reads(text: String, milliseconds: Int) {
    #expect(DurationText.parse(text) == .milliseconds(milliseconds))
  }

  @Test(
    "what is not a time is refused",
    arguments: [
      "", "s", "-1s", "+1s", "1.5s", "10 s", "10S", "1w", "5s1h", "1s1s", "1h30", "ten", "1e3",
      "９s", "9223372036854775807d", "99999999999999999999", "106751991167d1000000000h",
    ])
  func refuses(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(
    "what is shown is read back as the same",
    arguments: [0, 1, 999, 1000, 61_001, 3_600_000, 5_400_000, 604_800_000, 694_861_001])
  func roundTrip(milliseconds: Int) {
    let text = DurationText.format(.milliseconds(milliseconds))
    #expect(DurationText.parse(text) == .milliseconds(milliseconds))
  }

  @Test("the largest units are shown first")
  func format() {
    #expect(DurationText.format(.seconds(5400)) == "1h30m")
    #expect(DurationText.format(.milliseconds(1500)) == "1s500ms")
    #expect(DurationText.format(.zero) == "0s")
  }
}
