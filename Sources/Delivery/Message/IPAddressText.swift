import Glibc

/// IP addresses as they stand in a URL's host.
enum IPAddressText {
  /// Whether a host's last label is a number: then it is meant, and taken by resolvers, as an IPv4
  /// address (WHATWG URL, "ends in a number checker").
  static func looksNumeric(_ host: UnsafeBufferPointer<UInt8>) -> Bool {
    let name = host.last == dot ? host.dropLast() : host[...]
    let label = name[(name.lastIndex(of: dot).map { $0 + 1 } ?? name.startIndex)...]
    guard let first = label.first, isDigit(first) else { return false }
    return label.allSatisfy(isDigit) || number(label) != nil
  }

  /// The address in all the spellings of `inet_aton`: one to four parts, each decimal, octal
  /// (leading 0) or hexadecimal (leading 0x), the last one filling what is left.
  static func ipv4(_ host: UnsafeBufferPointer<UInt8>) -> UInt32? {
    let parts = host.split(separator: dot, omittingEmptySubsequences: false)
    guard (1...4).contains(parts.count) else { return nil }
    var address: UInt64 = 0
    for part in parts.dropLast() {
      guard let value = number(part), value <= 255 else { return nil }
      address = address << 8 | value
    }
    let bitsLeft = UInt64(8 * (5 - parts.count))
    guard let last = number(parts[parts.count - 1]), last < 1 << bitsLeft else { return nil }
    return UInt32(address << bitsLeft | last)
  }

  static func dotted(_ address: UInt32) -> String {
    "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
  }

  /// The form of RFC 5952; nil for anything else, zone ids included.
  static func canonicalIPv6(_ text: String) -> String? {
    var address = in6_addr()
    guard text.utf8.count < Int(INET6_ADDRSTRLEN), !text.utf8.contains(0),
      inet_pton(AF_INET6, text, &address) == 1
    else { return nil }
    let size = Int(INET6_ADDRSTRLEN)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
      guard let start = inet_ntop(AF_INET6, &address, buffer.baseAddress!, socklen_t(size)) else {
        return nil
      }
      return String(cString: start)
    }
  }

  private static func number(_ part: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
    var digits = part
    var radix: UInt64 = 10
    if digits.first == UInt8(ascii: "0"), digits.count > 1 {
      digits.removeFirst()
      radix = 8
      if let x = digits.first, x | 0x20 == UInt8(ascii: "x") {
        digits.removeFirst()
        radix = 16
      }
    }
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var value: UInt64 = 0
    for byte in digits {
      guard let digit = hexValue(byte), UInt64(digit) < radix, value < 1 << 32 else { return nil }
      value = value * radix + UInt64(digit)
    }
    return value < 1 << 32 ? value : nil
  }
}

private let dot = UInt8(ascii: ".")

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
