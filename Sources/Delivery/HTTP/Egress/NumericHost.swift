import Glibc

/// What the host of a URL is when it is read the way a resolver reads it.
package enum NumericHost: Sendable, Equatable {
  case address(IPAddress)
  /// Meant as an address, but none that may be used; the text says why.
  case malformed(String)
  /// Not numeric: to be resolved.
  case name

  /// `host` as it stands in a URL, IPv6 in brackets or not.
  package init(_ host: String) {
    let bracketed = host.hasPrefix("[")
    guard bracketed || host.utf8.contains(UInt8(ascii: ":")) else {
      self = Self.readV4(host).map { .address(.v4($0)) } ?? .name
      return
    }
    guard !host.utf8.contains(UInt8(ascii: "%")) else {
      self = .malformed("an address with a zone can't be a destination")
      return
    }
    let text = bracketed ? String(host.dropFirst().dropLast()) : host
    var address = in6_addr()
    guard bracketed == host.hasSuffix("]"), !text.utf8.contains(0),
      inet_pton(AF_INET6, text, &address) == 1
    else {
      self = .malformed("\(host) is not an IPv6 address")
      return
    }
    self = .address(IPAddress(in6: address))
  }

  /// The grammar of `inet_aton`, which `getaddrinfo` follows: one to four numbers, each decimal,
  /// octal (`0…`) or hexadecimal (`0x…`), the last one filling the remaining bytes.
  private static func readV4(_ host: String) -> UInt32? {
    let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...4).contains(parts.count) else { return nil }
    var value: UInt32 = 0
    for (index, part) in parts.enumerated() {
      guard let number = readNumber(part) else { return nil }
      if index < parts.count - 1 {
        guard number <= 255 else { return nil }
        value |= number << UInt32(24 - 8 * index)
      } else {
        guard UInt64(number) < 1 << UInt64(32 - 8 * index) else { return nil }
        value |= number
      }
    }
    return value
  }

  private static func readNumber(_ text: Substring.UTF8View) -> UInt32? {
    var digits = text
    var radix: UInt32 = 10
    if digits.first == UInt8(ascii: "0"), digits.count > 1 {
      digits = digits.dropFirst()
      radix = 8
      if digits.first == UInt8(ascii: "x") || digits.first == UInt8(ascii: "X") {
        digits = digits.dropFirst()
        radix = 16
      }
    }
    guard !digits.isEmpty else { return nil }
    var value: UInt32 = 0
    for byte in digits {
      guard let digit = digitValue(byte), digit < radix else { return nil }
      let (product, over) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !over, !carry else { return nil }
      value = sum
    }
    return value
  }

  private static func digitValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
