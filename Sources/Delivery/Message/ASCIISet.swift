/// A set of ASCII characters; bytes from 128 on are never in it.
package struct ASCIISet: Sendable {
  private let low: UInt64
  private let high: UInt64

  package init(_ characters: StaticString) {
    var low: UInt64 = 0
    var high: UInt64 = 0
    characters.withUTF8Buffer { bytes in
      for byte in bytes {
        if byte < 64 { low |= 1 &<< UInt64(byte) } else { high |= 1 &<< UInt64(byte & 63) }
      }
    }
    self.low = low
    self.high = high
  }

  package func contains(_ byte: UInt8) -> Bool {
    guard byte < 128 else { return false }
    return (byte < 64 ? low : high) &>> UInt64(byte & 63) & 1 == 1
  }
}
