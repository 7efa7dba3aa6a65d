import NIOCore

/// Who calls, as far as shares go: an IPv4 address, or the 64 bits of an IPv6 one that are given to
/// one site, whose machines choose the rest as they like.
package enum PeerAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(UInt64)
  case unknown

  package init(_ address: SocketAddress?) {
    switch address {
    case .v4(let address):
      self = .v4(UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address):
      var bytes = address.address.sin6_addr
      let (high, low) = withUnsafeBytes(of: &bytes) {
        (
          UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      // ::ffff:a.b.c.d, which is how a listener for both families sees IPv4.
      self = high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high)
    case .unixDomainSocket, nil:
      self = .unknown
    }
  }
}
