import Gateway
import Glibc

/// How a listener's address is written: `:8080` (every interface), `host:port`, `[::1]:port`. Port 0
/// takes any free one.
extension ListenAddress {
  struct Problem: Error {
    var reason: String
  }

  static func parse(_ text: String) -> Result<ListenAddress, Problem> {
    guard let colon = text.lastIndex(of: ":") else {
      return .failure(Problem(reason: "expected \":PORT\", \"HOST:PORT\" or \"[IPV6]:PORT\""))
    }
    let portText = text[text.index(after: colon)...]
    guard portText.allSatisfy(\.isASCIIDigit), let port = Int(portText), port <= 65535 else {
      return .failure(Problem(reason: "the port must be a number from 0 to 65535"))
    }
    let host = text[..<colon]
    if host.isEmpty || host == "*" { return .success(ListenAddress(host: nil, port: port)) }
    if host.hasPrefix("[") && host.hasSuffix("]") {
      let literal = String(host.dropFirst().dropLast())
      guard isIPv6(literal) else {
        return .failure(Problem(reason: "\(host) is not an IPv6 address"))
      }
      return .success(ListenAddress(host: literal, port: port))
    }
    if host.contains(":") {
      return .failure(Problem(reason: "an IPv6 address stands in brackets, as in \"[::1]:8080\""))
    }
    guard host.count <= 253, host.utf8.allSatisfy(isNameByte), !host.hasPrefix("-") else {
      return .failure(Problem(reason: "\(host) is not a host name"))
    }
    return .success(ListenAddress(host: String(host), port: port))
  }

  /// Whether only this machine can reach it. A name other than `localhost` may resolve to anything
  /// and does not count.
  var isLoopback: Bool {
    guard let host else { return false }
    if host.lowercased() == "localhost" { return true }
    var v4 = in_addr()
    if inet_pton(AF_INET, host, &v4) == 1 { return UInt32(bigEndian: v4.s_addr) >> 24 == 127 }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, host, &v6) == 1 else { return false }
    return withUnsafeBytes(of: &v6) { $0.dropLast().allSatisfy { $0 == 0 } && $0[15] == 1 }
  }

  /// Every interface, however it was written.
  var isWildcard: Bool { host == nil || host == "0.0.0.0" || host == "::" }

  /// Whether both can't be bound at once.
  func collides(with other: ListenAddress) -> Bool {
    port != 0 && port == other.port
      && (isWildcard || other.isWildcard || host == other.host)
  }

  private static func isIPv6(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, text, &address) == 1
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
