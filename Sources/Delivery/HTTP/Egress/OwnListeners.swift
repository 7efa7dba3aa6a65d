import NIOCore

/// Dispatcher's own listening sockets: whoever can enqueue must not reach the admin listener
/// through a delivery.
package struct OwnListeners: Sendable {
  /// Bound to the wildcard: every address of this machine.
  private var wildcard: Set<Int> = []
  /// Bound to a loopback address: the whole of loopback, since most systems route all of it here.
  private var loopback: Set<Int> = []
  private var exact: [Int: Set<IPAddress>] = [:]

  package init(_ listeners: [SocketAddress] = []) {
    for listener in listeners {
      guard let address = IPAddress(listener), let port = listener.port, port != 0 else { continue }
      if address.isUnspecified {
        wildcard.insert(port)
      } else if address.isLoopback || address.embeddedV4?.isLoopback == true {
        loopback.insert(port)
      } else {
        exact[port, default: []].formUnion(address.spellings)
      }
    }
  }

  /// Whether any listener has this port: only then the machine's addresses matter.
  package func use(port: Int) -> Bool {
    wildcard.contains(port) || loopback.contains(port) || exact[port] != nil
  }

  /// Whether a connection to `address` and `port` would arrive at one of the listeners, on a machine
  /// with the addresses `local`.
  package func own(_ address: IPAddress, port: Int, local: Set<IPAddress>) -> Bool {
    address.spellings.contains { spelling in
      if spelling.isLoopback { return wildcard.contains(port) || loopback.contains(port) }
      if exact[port]?.contains(spelling) == true { return true }
      return wildcard.contains(port) && local.contains(spelling)
    }
  }
}

extension IPAddress {
  /// The address and the IPv4 address inside it.
  fileprivate var spellings: [IPAddress] { embeddedV4.map { [self, $0] } ?? [self] }
}
