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
    errno = 0
    let code = getaddrinfo(host, nil, &hints, &first)
    let systemCode = errno
    guard code == 0 else { return .failure(error(code, errno: systemCode)) }
    defer { freeaddrinfo(first) }
    var addresses: [IPAddress] = []
    var known: Set<IPAddress> = []
    var next = first
    while let entry = next {
      if let address = LocalAddresses.address(entry.pointee.ai_addr),
        known.insert(address).inserted
      {
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

  /// Without a descriptor or memory the resolver can't read its files or ask anybody, and says
  /// anything: that a name doesn't exist, too. What it failed at last, or a try of our own, tells.
  static func error(
    _ code: Int32, errno: Int32, canOpen: () -> Bool = SystemLookup.canOpenDescriptor
  ) -> LookupError {
    func shortage(_ kind: OwnShortage) -> LookupError {
      let reason = String(cString: errno == 0 ? gai_strerror(code) : UnsafePointer(strerror(errno)))
      return .shortage(kind, reason: reason)
    }
    switch (OwnShortage(errno: errno), code) {
    case (.descriptors?, _): return shortage(.descriptors)
    case (.memory?, _), (_, EAI_MEMORY): return shortage(.memory)
    case (let kind?, EAI_SYSTEM): return shortage(kind)
    default: break
    }
    guard canOpen() else { return .shortage(.descriptors, reason: "no descriptor is left") }
    return self.error(code)
  }

  private static func canOpenDescriptor() -> Bool {
    let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno != EMFILE && errno != ENFILE }
    close(descriptor)
    return true
  }

  private static func error(_ code: Int32) -> LookupError {
    switch code {
    case EAI_NONAME, -5: .noSuchHost  // -5: EAI_NODATA, the name exists without an address
    case EAI_AGAIN: .unavailable
    default: .failed(String(cString: gai_strerror(code)))
    }
  }
}
