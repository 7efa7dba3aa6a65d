/// What JSON does not let stand in a string as it is. Eight bytes are looked at together, as one
/// number. Bodies are often JSON themselves, so every eighth byte or so is a quote: no branch depends
/// on where they stand, since a processor would guess that wrong.
enum JSONText {
  /// How many bytes the escapes add.
  static func escapes(in bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var index = 0
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if hasControl(word) {
        for byte in bytes[index..<index + 8] { count += added(byte) }
      } else {
        count += quoted(word).nonzeroBitCount
      }
      index += 8
    }
    for byte in bytes[index...] { count += added(byte) }
    return count
  }

  /// `target` has room for the bytes and their escapes.
  static func escape(
    _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) {
    var end = 0
    var index = 0
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let quoted = quoted(word)
      if hasControl(word) {
        for byte in bytes[index..<index + 8] { end += escape(byte, into: target, at: end) }
      } else if quoted == 0 {
        target.storeBytes(of: word, toByteOffset: end, as: UInt64.self)
        end += 8
      } else {
        var rest = UInt64(littleEndian: word)
        var marks = UInt64(littleEndian: quoted) >> 7
        for _ in 0..<8 {
          target[end] = UInt8(ascii: "\\")
          end += Int(truncatingIfNeeded: marks & 1)
          target[end] = UInt8(truncatingIfNeeded: rest)
          end += 1
          marks >>= 8
          rest >>= 8
        }
      }
      index += 8
    }
    for byte in bytes[index...] { end += escape(byte, into: target, at: end) }
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The high bit of every byte that is a quote or a backslash: a backslash before it is all it takes.
  private static func quoted(_ word: UInt64) -> UInt64 {
    zeros(word ^ 0x22 * ones) | zeros(word ^ 0x5C * ones)
  }

  /// DEL needs no escape by the letter, but terminals think otherwise.
  private static func hasControl(_ word: UInt64) -> Bool {
    let belowSpace = ~((word & ~highs) &+ 0x60 * ones | word) & highs
    return belowSpace | zeros(word ^ 0x7F * ones) != 0
  }

  /// The high bit of every byte that is zero, and no other ("Hacker's Delight", Warren, 6-1).
  private static func zeros(_ word: UInt64) -> UInt64 {
    ~((word & ~highs) &+ ~highs | word | ~highs)
  }

  private static func added(_ byte: UInt8) -> Int {
    switch byte {
    case 0x22, 0x5C, 0x0A, 0x0D, 0x09: 1
    case 0..<0x20, 0x7F: 5
    default: 0
    }
  }

  /// How many bytes it took.
  private static func escape(
    _ byte: UInt8, into target: UnsafeMutableRawBufferPointer, at start: Int
  ) -> Int {
    let added = added(byte)
    guard added > 0 else {
      target[start] = byte
      return 1
    }
    target[start] = UInt8(ascii: "\\")
    guard added == 5 else {
      target[start + 1] =
        switch byte {
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        default: byte
        }
      return 2
    }
    target[start + 1] = UInt8(ascii: "u")
    target[start + 2] = UInt8(ascii: "0")
    target[start + 3] = UInt8(ascii: "0")
    target[start + 4] = hexDigit(byte >> 4)
    target[start + 5] = hexDigit(byte & 15)
    return 6
  }

  private static func hexDigit(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}
