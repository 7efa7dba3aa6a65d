/// Walks over a URL from left to right; each step takes one part of it.
struct URLParser {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var offset = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// `http://` or `https://` in any case; true for the latter.
  mutating func scheme() throws(URLRefusal) -> Bool {
    let end = bytes.firstIndex { !URLCharacters.scheme.contains($0) } ?? bytes.count
    guard end > 0, end < bytes.count, bytes[end] == UInt8(ascii: ":"), isLetter(bytes[0]) else {
      try checkCharacters(0..<bytes.count, in: URLCharacters.anywhere)
      throw .relative
    }
    let scheme = lowercased(0..<end)
    guard scheme == "http" || scheme == "https" else { throw .otherScheme(scheme) }
    guard bytes.count >= end + 3, bytes[end + 1] == slash, bytes[end + 2] == slash else {
      throw .relative
    }
    offset = end + 3
    return end == 5
  }

  /// Everything up to the path, query or fragment.
  mutating func authority() throws(URLRefusal) -> Range<Int> {
    let start = offset
    while offset < bytes.count, !isEndOfAuthority(bytes[offset]) { offset += 1 }
    guard !bytes[start..<offset].contains(UInt8(ascii: "@")) else { throw .userInfo }
    try checkCharacters(start..<offset, in: URLCharacters.anywhere)
    return start..<offset
  }

  /// Host and port; nil where no colon follows the host.
  func split(_ authority: Range<Int>) throws(URLRefusal) -> (host: Range<Int>, port: Range<Int>?) {
    var end = authority.lowerBound
    if end < authority.upperBound, bytes[end] == UInt8(ascii: "[") {
      guard let bracket = bytes[authority].firstIndex(of: UInt8(ascii: "]")) else {
        throw .badAddress(text(authority))
      }
      end = bracket + 1
      guard end == authority.upperBound || bytes[end] == colon else {
        throw .badHost(text(authority))
      }
    } else {
      end = bytes[authority].firstIndex(of: colon) ?? authority.upperBound
      guard end == bytes[authority].lastIndex(of: colon) ?? end else {
        throw .unbracketedIPv6
      }
    }
    guard end > authority.lowerBound else { throw .noHost }
    guard end < authority.upperBound else { return (authority, nil) }
    return (authority.lowerBound..<end, end + 1..<authority.upperBound)
  }

  func host(_ range: Range<Int>) throws(URLRefusal) -> String {
    if bytes[range.lowerBound] == UInt8(ascii: "[") {
      let inner = text(range.lowerBound + 1..<range.upperBound - 1)
      guard let canonical = IPAddressText.canonicalIPv6(inner) else {
        throw .badAddress(text(range))
      }
      return "[\(canonical)]"
    }
    try checkName(range)
    let name = UnsafeBufferPointer(rebasing: bytes[range])
    guard IPAddressText.looksNumeric(name) else { return lowercased(range) }
    guard let address = IPAddressText.ipv4(name) else { throw .badAddress(text(range)) }
    return IPAddressText.dotted(address)
  }

  func port(_ range: Range<Int>?) throws(URLRefusal) -> Int? {
    guard let range else { return nil }
    var port = 0
    for byte in bytes[range] {
      guard isDigit(byte), port <= 65_535 else { throw .badPort(text(range)) }
      port = port * 10 + Int(byte - UInt8(ascii: "0"))
    }
    guard (1...65_535).contains(port) else { throw .badPort(text(range)) }
    return port
  }

  /// Path and query.
  mutating func target() throws(URLRefusal) -> Range<Int> {
    let start = offset
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
    try checkCharacters(start..<end, in: URLCharacters.target)
    offset = end
    return start..<end
  }

  mutating func fragment() throws(URLRefusal) {
    guard offset < bytes.count else { return }
    try checkCharacters(offset + 1..<bytes.count, in: URLCharacters.target)
  }

  private func checkCharacters(_ range: Range<Int>, in allowed: ASCIISet) throws(URLRefusal) {
    for at in range {
      let byte = bytes[at]
      guard allowed.contains(byte) else {
        throw byte < 0x80 ? .badCharacter(byte, offset: at) : .beyondASCII(offset: at)
      }
      guard byte == UInt8(ascii: "%") else { continue }
      guard at + 2 < range.upperBound, isHexDigit(bytes[at + 1]), isHexDigit(bytes[at + 2]) else {
        throw .badEscape(offset: at)
      }
    }
  }

  /// RFC 1123 §2.1 with the underscore that names inside of a house often have: labels of 1 to 63
  /// characters, 253 in all, one dot at the end allowed.
  private func checkName(_ range: Range<Int>) throws(URLRefusal) {
    var label = 0
    for byte in bytes[range] {
      if byte == dot {
        guard label > 0 else { throw .badHost(text(range)) }
        label = 0
      } else {
        guard URLCharacters.host.contains(byte), label < 63 else { throw .badHost(text(range)) }
        label += 1
      }
    }
    let length = range.count - (label == 0 ? 1 : 0)
    guard length <= 253 else { throw .badHost(text(range)) }
  }

  private func text(_ range: Range<Int>) -> String {
    // Shown to people only, so that a long one may be cut.
    String(decoding: bytes[range].prefix(80), as: UTF8.self)
  }

  private func lowercased(_ range: Range<Int>) -> String {
    String(unsafeUninitializedCapacity: range.count) { buffer in
      for (index, at) in range.enumerated() {
        let byte = bytes[at]
        buffer[index] = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
      }
      return range.count
    }
  }

  private func isEndOfAuthority(_ byte: UInt8) -> Bool {
    byte == slash || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }
}

private let slash = UInt8(ascii: "/")
private let colon = UInt8(ascii: ":")
private let dot = UInt8(ascii: ".")

private func isLetter(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isHexDigit(_ byte: UInt8) -> Bool {
  isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}

/// RFC 3986, appendix A.
///
/// Path and query may also hold `[ ] { } | ^` and the backtick, which browsers and most clients send
/// as they are (the WHATWG URL standard encodes none of them in a query, and brackets, `|` and `^`
/// not even in a path): a link that was copied from there works as it stands.
private enum URLCharacters {
  static let scheme = ASCIISet(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.")
  static let host = ASCIISet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
  /// `pchar`, `/` and `?`, and what else is sent as it is.
  static let target = ASCIISet(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@/?[]{}|^`")
  static let anywhere = ASCIISet(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@/?#[]")
}
