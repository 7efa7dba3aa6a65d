import Delivery

/// A message's UUID: 1 to 128 characters of `[A-Za-z0-9_-]`, compared byte by byte.
package enum MessageUUID {
  private static let alphabet = ASCIISet(
    "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

  static let rule = "1 to \(EnvelopeLimits.maxUUIDBytes) characters of A-Z, a-z, 0-9, _ and -"

  package static func isValid(_ text: String) -> Bool {
    var text = text
    return text.withUTF8(isValid)
  }

  static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let alphabet = alphabet
    return (1...EnvelopeLimits.maxUUIDBytes).contains(bytes.count)
      && bytes.allSatisfy { alphabet.contains($0) }
  }

  /// Version 7 of RFC 9562 §5.7: 48 bits of milliseconds since 1970, the rest random.
  static func makeV7(nowMs: UInt64, random: inout some RandomNumberGenerator) -> String {
    let a: UInt64 = random.next()
    let b: UInt64 = random.next()
    let high = nowMs << 16 | 0x7000 | a & 0x0FFF
    return write(high: high, low: 0x8000_0000_0000_0000 | b & 0x3FFF_FFFF_FFFF_FFFF)
  }

  /// As 8-4-4-4-12 hexadecimal digits.
  static func write(high: UInt64, low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var at = 0
      for nibble in 0..<32 {
        if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
          buffer[at] = UInt8(ascii: "-")
          at += 1
        }
        let word = nibble < 16 ? high : low
        let value = UInt8(word >> UInt64(60 - 4 * (nibble & 15)) & 15)
        buffer[at] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        at += 1
      }
      return at
    }
  }
}
