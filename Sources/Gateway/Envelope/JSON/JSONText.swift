/// The bytes of JSON strings: the innermost loops of reading an envelope.
enum JSONText {
  /// The first byte from `start` on that is a quote, a backslash, a control character or beyond
  /// ASCII; the end where there is none.
  ///
  /// Eight bytes at a time ("determine if a word has a byte less than n", Bit Twiddling Hacks by
  /// S. E. Anderson); a false alarm of that trick can only stand behind a true one.
  static func endOfPlainRun(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var at = start
    while bytes.count &- at >= 8 {
      let special = specialBytes(word(raw, at))
      if special != 0 { return at &+ special.trailingZeroBitCount >> 3 }
      at &+= 8
    }
    while at < bytes.count, !isSpecial(bytes[at]) { at &+= 1 }
    return at
  }

  /// Writes the string without its escapes: exactly `string.count` bytes.
  static func unescape(
    _ bytes: UnsafeBufferPointer<UInt8>, _ string: JSONString,
    into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard string.count > 0 else { return }
    precondition(target.count >= string.count && string.range.upperBound <= bytes.count)
    let source = bytes.baseAddress!
    var to = target.baseAddress!
    var at = string.range.lowerBound
    guard string.hasEscapes else {
      to.update(from: source + at, count: string.count)
      return
    }
    while at < string.range.upperBound {
      let run = runToBackslash(bytes, at, string.range.upperBound)
      to.update(from: source + at, count: run)
      to += run
      at += run
      guard at < string.range.upperBound else { break }
      if let short = shortEscape(source[at + 1]) {
        to.pointee = short
        to += 1
        at += 2
      } else {
        let (scalar, length) = scalarEscape(bytes, at: at)
        to += write(scalar, to: to)
        at += length
      }
    }
  }

  /// What an escape with `u`, or a pair of them, stands for, and how long it is. Only for strings
  /// that `JSONCursor.string()` has checked.
  private static func scalarEscape(
    _ bytes: UnsafeBufferPointer<UInt8>, at: Int
  ) -> (scalar: UInt32, length: Int) {
    let unit = hex4(bytes, at: at + 2)!
    guard unit & 0xFC00 == 0xD800 else { return (unit, 6) }
    let low = lowSurrogate(bytes, at: at + 6)!
    return (0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF, 12)
  }

  /// How long the well-formed UTF-8 sequence at `at` is (Unicode, table 3-7); 0 where it is none.
  static func lengthOfScalar(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Int {
    let first = bytes[at]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      second = 0xA0...0xBF
    case 0xED:
      length = 3
      second = 0x80...0x9F
    case 0xE1...0xEF: length = 3
    case 0xF0:
      length = 4
      second = 0x90...0xBF
    case 0xF1...0xF3: length = 4
    case 0xF4:
      length = 4
      second = 0x80...0x8F
    default: return 0
    }
    guard bytes.count - at >= length, second.contains(bytes[at + 1]) else { return 0 }
    if length > 2, bytes[at + 2] & 0xC0 != 0x80 { return 0 }
    if length > 3, bytes[at + 3] & 0xC0 != 0x80 { return 0 }
    return length
  }

  /// What the byte after a backslash stands for; nil for `u` and for what JSON does not know.
  static func shortEscape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    default: nil
    }
  }

  static func hex4(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> UInt32? {
    guard bytes.count - at >= 4 else { return nil }
    var value: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        value = value << 4 | UInt32(byte & 0x0F + 9)
      default: return nil
      }
    }
    return value
  }

  /// The escaped low surrogate that must follow a high one.
  static func lowSurrogate(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> UInt32? {
    guard bytes.count - at >= 6, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u"),
      let unit = hex4(bytes, at: at + 2), unit & 0xFC00 == 0xDC00
    else { return nil }
    return unit
  }

  static func utf8Length(_ scalar: UInt32) -> Int {
    scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
  }

  private static func write(_ scalar: UInt32, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let length = utf8Length(scalar)
    if length == 1 {
      target.pointee = UInt8(scalar)
      return 1
    }
    var rest = scalar
    for index in stride(from: length - 1, to: 0, by: -1) {
      target[index] = UInt8(rest & 0x3F) | 0x80
      rest >>= 6
    }
    let mark: UInt8 = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0
    target.pointee = UInt8(rest) | mark
    return length
  }

  private static func runToBackslash(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
  ) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var at = start
    while end &- at >= 8 {
      let found = bytesEqual(word(raw, at), UInt8(ascii: "\\")) & highBits
      if found != 0 { return at &+ found.trailingZeroBitCount >> 3 &- start }
      at &+= 8
    }
    while at < end, bytes[at] != UInt8(ascii: "\\") { at &+= 1 }
    return at &- start
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  private static func word(_ raw: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  private static func specialBytes(_ word: UInt64) -> UInt64 {
    let control = (word &- ones &* 0x20) & ~word
    let quote = bytesEqual(word, UInt8(ascii: "\""))
    let backslash = bytesEqual(word, UInt8(ascii: "\\"))
    return (control | quote | backslash | word) & highBits
  }

  /// The high bit of the first byte that equals `byte` is set; above it anything may be.
  private static func bytesEqual(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let zeroed = word ^ ones &* UInt64(byte)
    return (zeroed &- ones) & ~zeroed
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
