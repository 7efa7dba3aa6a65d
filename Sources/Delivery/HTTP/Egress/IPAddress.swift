import Glibc
import NIOCore

/// An IPv4 or IPv6 address as a number, without port and zone.
package enum IPAddress: Sendable, Hashable {
  case v4(UInt32)
  /// The upper and the lower 64 bits.
  case v6(UInt64, UInt64)

  /// nil for Unix domain sockets.
  package init?(_ address: SocketAddress) {
    switch address {
    case .v4(let v4):
      self = .v4(UInt32(bigEndian: v4.address.sin_addr.s_addr))
    case .v6(let v6):
      self.init(in6: v6.address.sin6_addr)
    case .unixDomainSocket:
      return nil
    }
  }

  package init(in6: in6_addr) {
    let bytes = withUnsafeBytes(of: in6) { Array($0) }
    func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
    self = .v6(word(0..<8), word(8..<16))
  }

  /// The IPv4 address that a translator or a tunnel would take out of this IPv6 address.
  ///
  /// IPv4-mapped and -compatible (RFC 4291 §2.5.5), SIIT (RFC 2765), NAT64 (RFC 6052, RFC 8215) and
  /// 6to4 (RFC 3056). `::` and `::1` are themselves, not IPv4-compatible spellings.
  package var embeddedV4: IPAddress? {
    guard case .v6(let upper, let lower) = self else { return nil }
    let low = IPAddress.v4(UInt32(truncatingIfNeeded: lower))
    switch (upper, lower >> 32) {
    case (0, 0): return lower > 1 ? low : nil
    case (0, 0xffff), (0, 0xffff_0000), (0x0064_ff9b_0000_0000, 0): return low
    default: break
    }
    if upper >> 16 == 0x0064_ff9b_0001 { return low }
    if upper >> 48 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: upper >> 16)) }
    return nil
  }

  /// 127.0.0.0/8 or `::1`.
  package var isLoopback: Bool {
    switch self {
    case .v4(let value): value >> 24 == 127
    case .v6(let upper, let lower): upper == 0 && lower == 1
    }
  }

  /// The wildcard a socket is bound to: `0.0.0.0` or `::`.
  package var isUnspecified: Bool { self == .v4(0) || self == .v6(0, 0) }
}

extension IPAddress: CustomStringConvertible {
  /// `127.0.0.1`, `fe80::1`.
  package var description: String {
    switch self {
    case .v4(let value):
      return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    case .v6(let upper, let lower):
      var address = in6_addr()
      withUnsafeMutableBytes(of: &address) { bytes in
        for index in 0..<8 {
          bytes[index] = UInt8(truncatingIfNeeded: upper >> UInt64(56 - 8 * index))
          bytes[index + 8] = UInt8(truncatingIfNeeded: lower >> UInt64(56 - 8 * index))
        }
      }
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "" }
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// As a URL's host: IPv6 in brackets.
  package var urlHost: String {
    switch self {
    case .v4: description
    case .v6: "[\(description)]"
    }
  }
}
