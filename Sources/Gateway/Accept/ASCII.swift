#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The character classes of RFC 9110 and RFC 9112, by byte.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let colon: UInt8 = 0x3A

  /// `tchar`: ``!#$%&'*+-.^_`|~`` digits and letters. Two words of bits, since a table in a global
  /// would be reached through a lazy initialiser at every byte.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    if byte < 64 { return (0x03FF_6CFA_0000_0000 as UInt64) >> UInt64(byte) & 1 == 1 }
    if byte < 128 { return (0x57FF_FFFF_C7FF_FFFE as UInt64) >> UInt64(byte - 64) & 1 == 1 }
    return false
  }

  /// What a field value may consist of: visible characters, obs-text, space and tab.
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F || byte == tab
  }

  /// Visible ASCII: what a request target may consist of.
  @inline(__always)
  static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte &- 0x30)
    case 0x41...0x46: UInt64(byte &- 0x41 &+ 10)
    case 0x61...0x66: UInt64(byte &- 0x61 &+ 10)
    default: nil
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The same letters as `text`, in any case. Right for tokens compared with a `text` of lower case
  /// letters and hyphens: no other token character becomes one of these by setting bit 5.
  @inline(__always)
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count where self[index] | 0x20 != text.utf8Start[index] { return false }
    return true
  }

  func trimmingBlanks() -> UnsafeRawBufferPointer {
    var first = 0
    var end = count
    while first < end, self[first] == ASCII.space || self[first] == ASCII.tab { first += 1 }
    while end > first, self[end - 1] == ASCII.space || self[end - 1] == ASCII.tab { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: self[first..<end])
  }

  func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard start < count, let base = baseAddress,
      let found = memchr(base + start, Int32(byte), count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
