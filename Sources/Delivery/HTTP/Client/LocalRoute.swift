import Glibc

/// Tells the two meanings of EADDRNOTAVAIL apart.
enum LocalRoute {
  /// Whether this machine has an address that it could call `address` from. Without IPv6, connecting
  /// to an IPv6 address fails in the same words as without a free port, and for good. A datagram
  /// socket asks the same question, needs none of TCP's ports and sends nothing.
  static func exists(to address: IPAddress) -> Bool {
    let family: CInt =
      switch address {
      case .v4: AF_INET
      case .v6: AF_INET6
      }
    let descriptor = socket(family, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno != EAFNOSUPPORT }
    defer { close(descriptor) }
    return connects(descriptor, to: address) == 0 || errno != EADDRNOTAVAIL
  }

  private static func connects(_ descriptor: CInt, to address: IPAddress) -> CInt {
    // Any port but 0 does.
    let port = in_port_t(9).bigEndian
    switch address {
    case .v4(let value):
      var target = sockaddr_in()
      target.sin_family = sa_family_t(AF_INET)
      target.sin_port = port
      target.sin_addr.s_addr = value.bigEndian
      return connects(descriptor, to: &target)
    case .v6:
      var target = sockaddr_in6()
      target.sin6_family = sa_family_t(AF_INET6)
      target.sin6_port = port
      guard inet_pton(AF_INET6, address.description, &target.sin6_addr) == 1 else { return -1 }
      return connects(descriptor, to: &target)
    }
  }

  private static func connects<Target>(_ descriptor: CInt, to target: inout Target) -> CInt {
    withUnsafePointer(to: &target) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<Target>.size))
      }
    }
  }
}
