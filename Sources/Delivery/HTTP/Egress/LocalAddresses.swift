import Glibc

/// The addresses of this machine's interfaces.
package enum LocalAddresses {
  /// Takes some tens of microseconds; empty when the system doesn't say.
  @Sendable package static func read() -> Set<IPAddress> {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var addresses: Set<IPAddress> = []
    var next = first
    while let entry = next {
      if let address = address(entry.pointee.ifa_addr) { addresses.insert(address) }
      next = entry.pointee.ifa_next
    }
    return addresses
  }

  /// nil for other families. The kernel's and the resolver's structures are as long as their family
  /// says.
  package static func address(_ pointer: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
    guard let pointer else { return nil }
    switch Int32(pointer.pointee.sa_family) {
    case AF_INET:
      return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        IPAddress(in6: $0.pointee.sin6_addr)
      }
    default:
      return nil
    }
  }
}
