import Glibc

/// The system's resolver: blocks for as long as it likes (30 s with three silent name servers).
package enum SystemLookup {
  /// The addresses in the order in which the system would try them (RFC 6724), each once.
  @Sendable package static func addresses(of host: String) -> Result<[IPAddress], LookupError> {
    guard isPlausible(host) else { return .failure(.noSuchHost) }
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &first)
    guard code == 0 else { return .failure(error(code)) }
    defer { freeaddrinfo(first) }
    var addresses: [IPAddress] = []
    var next = first
    while let entry = next {
      if let address = LocalAddresses.address(entry.pointee.ai_addr), !addresses.contains(address) {
        addresses.append(address)
      }
      next = entry.pointee.ai_next
    }
    return addresses.isEmpty ? .failure(.noSuchHost) : .success(addresses)
  }

  /// 253 bytes is the longest name DNS can carry; a NUL would end the name early.
  private static func isPlausible(_ host: String) -> Bool {
    (1...253).contains(host.utf8.count) && host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
  }

  private static func error(_ code: Int32) -> LookupError {
    switch code {
    case EAI_NONAME, -5: .noSuchHost  // -5: EAI_NODATA, the name exists without an address
    case EAI_AGAIN: .unavailable
    default: .failed(String(cString: gai_strerror(code)))
    }
  }
}
