import Testing

@testable import Delivery

@Suite("XXHash64") struct XXHash64Tests {
  /// The test vectors of the xxHash project (`tests/sanity_test_vectors.h`, XXH64): the first `count`
  /// bytes of its generated buffer.
  @Test(
    "gives the published values",
    arguments: [
      (0, 0, 0xEF46_DB37_51D8_E999),
      (0, 0x9E37_79B1, 0xAC75_FDA2_929B_17EF),
      (1, 0, 0xE934_A84A_DB05_2768),
      (1, 0x9E37_79B1, 0x5014_6076_43A9_B4C3),
      (4, 0, 0x9136_A0DC_A574_57EE),
      (14, 0, 0x8282_DCC4_994E_35C8),
      (14, 0x9E37_79B1, 0xC3BD_6BF6_3DEB_6DF0),
      (222, 0, 0xB641_AE8C_B691_C174),
      (222, 0x9E37_79B1, 0x20CB_8AB7_AE10_C14A),
    ] as [(Int, UInt64, UInt64)])
  func publishedValues(count: Int, seed: UInt64, expected: UInt64) {
    var generator: UInt64 = 0x9E37_79B1
    let buffer = (0..<count).map { _ in
      defer { generator &*= 0x9E37_79B1_85EB_CA8D }
      return UInt8(generator >> 56)
    }
    #expect(buffer.withUnsafeBytes { XXHash64.hash($0, seed: seed) } == expected)
  }

  @Test("does not depend on where the bytes lie in memory")
  func alignment() {
    let bytes = (0..<100).map { UInt8($0) }
    let shifted = [0] + bytes
    let one = bytes.withUnsafeBytes { XXHash64.hash($0, seed: 1) }
    let other = shifted.withUnsafeBytes {
      XXHash64.hash(UnsafeRawBufferPointer(rebasing: $0[1...]), seed: 1)
    }
    #expect(one == other)
  }
}
