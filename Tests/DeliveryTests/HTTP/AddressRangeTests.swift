import Delivery
import Testing

@Suite("Ranges of addresses")
struct AddressRangeTests {
  @Test(
    "a range holds what begins with its bits, and nothing beside it",
    arguments: [
      ("10.0.0.0/8", IPAddress.v4(0x0aff_ffff), IPAddress.v4(0x0b00_0000)),
      ("192.168.4.0/22", .v4(0xc0a8_07ff), .v4(0xc0a8_0800)),
      ("1.2.3.4", .v4(0x0102_0304), .v4(0x0102_0305)),
      ("1.2.3.4/32", .v4(0x0102_0304), .v4(0x0102_0303)),
      ("0.0.0.0/0", .v4(0xffff_ffff), .v6(0, 0)),
      ("::/0", .v6(.max, .max), .v4(0)),
      ("fd00::/8", .v6(0xfdff << 48, 1), .v6(0xfe00 << 48, 1)),
      ("2001:db8::/64", .v6(0x2001_0db8 << 32, .max), .v6(0x2001_0db8 << 32 | 1, 0)),
      ("::1/128", .v6(0, 1), .v6(0, 2)),
      ("2001:db8::ff00/120", .v6(0x2001_0db8 << 32, 0xffff), .v6(0x2001_0db8 << 32, 0x1_0000)),
    ])
  func contains(text: String, inside: IPAddress, outside: IPAddress) throws {
    let range = try AddressRange(text)
    #expect(range.contains(inside))
    #expect(!range.contains(outside))
    #expect(try AddressRange(range.description) == range)
  }

  @Test(
    "what is no range says why",
    arguments: [
      ("10.1.0.0/8", "10.0.0.0/8 is meant perhaps"), ("10.0.0.0/33", "between 0 and 32"),
      ("fd00::/129", "between 0 and 128"), ("10.0.0.0/", "between 0 and 32"),
      ("10.0.0.0/-1", "between"), ("10.0.0.0/8/8", "between"), ("10/8", "expected a range"),
      ("0x0a.0.0.0/8", "expected a range"), ("b.test", "expected a range"), ("", "expected"),
      ("/8", "expected a range"), ("[::1]/128", "expected a range"), ("fe80::1%eth0", "expected"),
    ])
  func malformed(text: String, words: String) {
    #expect {
      _ = try AddressRange(text)
    } throws: { error in
      (error as? AddressRange.Malformed)?.reason.contains(words) == true
    }
  }
}
