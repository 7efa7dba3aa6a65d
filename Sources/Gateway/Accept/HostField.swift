/// What stands in a `Host` field: `uri-host [":" port]` (RFC 9110 §7.2).
struct HostField: Equatable {
  /// As given; IPv6 without its brackets.
  let host: Substring
  let isIPv6: Bool
  let port: Substring?

  init?(_ field: String) {
    var rest = field[...]
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = rest[rest.index(after: rest.startIndex)..<end]
      isIPv6 = true
      guard !host.isEmpty, host.utf8.allSatisfy(Self.isInLiteral) else { return nil }
      rest = rest[rest.index(after: end)...]
    } else {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      host = rest[..<end]
      isIPv6 = false
      // An empty Host is allowed for targets without an authority.
      guard host.utf8.allSatisfy(Self.isInName) else { return nil }
      rest = rest[end...]
    }
    if rest.isEmpty {
      port = nil
    } else {
      guard rest.first == ":" else { return nil }
      let digits = rest.dropFirst()
      guard digits.utf8.count <= 5, digits.utf8.allSatisfy(ASCII.isDigit) else { return nil }
      port = digits
    }
  }

  private static func isInLiteral(_ byte: UInt8) -> Bool {
    ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == UInt8(ascii: ".")
  }

  /// reg-name of RFC 3986: unreserved, percent-encoded, sub-delims.
  private static func isInName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default:
      "-._~%!$&'()*+,;=".utf8.contains(byte)
    }
  }
}
