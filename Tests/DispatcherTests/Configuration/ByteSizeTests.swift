import Testing

@testable import Dispatcher

@Suite struct ByteSizeTests {
  @Test(
    "sizes are read with their units",
    arguments: [
      ("0", 0), ("262144", 262_144), ("256KiB", 262_144), ("64MiB", 67_108_864),
      ("64 MiB", 67_108_864), ("64mib", 67_108_864), ("1GiB", 1_073_741_824), ("64MB", 64_000_000),
      ("5kB", 5000), ("7B", 7),
    ])
  func reads(text: String, bytes: Int) {
    #expect(ByteSize.parse(text) == bytes)
  }

  @Test(
    "what is not a size is refused, \"64M\" too since nobody can tell which million it means",
    arguments: [
      "", "MiB", "64M", "1K", "-1", "1.5MiB", "64MiBs", "9223372036854775807KiB",
      "99999999999999999999",
    ])
  func refuses(text: String) {
    #expect(ByteSize.parse(text) == nil)
  }

  @Test("what is shown is read back as the same")
  func roundTrip() {
    for bytes in [0, 1, 1023, 1024, 262_144, 67_108_864, 67_108_865, 3 << 30] {
      #expect(ByteSize.parse(ByteSize.format(bytes)) == bytes)
    }
    #expect(ByteSize.format(67_108_864) == "64MiB")
  }

  @Test("a size in a sentence has one decimal")
  func rounded() {
    #expect(ByteSize.rounded(512) == "512 bytes")
    #expect(ByteSize.rounded(262_144) == "256.0 KiB")
    #expect(ByteSize.rounded(67_108_864 + 33_554_432) == "96.0 MiB")
    #expect(ByteSize.rounded(UInt64.max) == "17179869183.9 GiB")
  }
}
