/// The usual text form of a UUID (8-4-4-4-12 lower-case hex digits) in 16 bytes.
package struct PackedUUID: Sendable, Hashable {
  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// nil for every other text, upper-case digits included: the text must come back byte by byte.
  package init?(ascii: UnsafeRawBufferPointer) {
    guard ascii.count == 36 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for index in 0..<36 {
      let byte = ascii[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      if digits < 16 {
        halves.0 = halves.0 << 4 | UInt64(digit)
      } else {
        halves.1 = halves.1 << 4 | UInt64(digit)
      }
      digits += 1
    }
    high = halves.0
    low = halves.1
  }

  package init?(_ text: String) {
    var copy = text
    guard let parsed = copy.withUTF8({ PackedUUID(ascii: UnsafeRawBufferPointer($0)) }) else {
      return nil
    }
    self = parsed
  }

  /// The 36 characters.
  package var ascii: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 36) { text, count in
      for index in 0..<32 {
        if index == 8 || index == 12 || index == 16 || index == 20 {
          text[count] = UInt8(ascii: "-")
          count += 1
        }
        let half = index < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - (index & 15) * 4)) & 15
        text[count] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        count += 1
      }
    }
  }
}

extension PackedUUID: CustomStringConvertible {
  package var description: String { String(decoding: ascii, as: UTF8.self) }
}

/// The identity of a store: drawn once, stands in `store.json` and in every segment header.
package typealias StoreUUID = PackedUUID
