import NIOCore
import Synchronization

/// Says which addresses may never be a destination. Asked at enqueue for numeric hosts, before each
/// connection for all addresses of a name, and once more for the address a connection really has.
package final class EgressGuard: Sendable {
  private struct State {
    var listeners = OwnListeners()
    var local: Set<IPAddress> = []
    var readAt: Duration?
  }

  /// Interfaces come and go; asking the system takes tens of microseconds and happens only for ports
  /// that Dispatcher itself listens on.
  private static let localAddressesLast: Duration = .seconds(5)

  private let clock: any Clock
  /// What the configuration blocks besides.
  private let blocked: [AddressRange]
  private let localAddresses: @Sendable () -> Set<IPAddress>
  /// Short and hot: a set look-up for each connection.
  private let state = Mutex(State())

  package init(
    clock: any Clock, blocked: [AddressRange] = [],
    localAddresses: @escaping @Sendable () -> Set<IPAddress> = LocalAddresses.read
  ) {
    self.clock = clock
    self.blocked = blocked
    self.localAddresses = localAddresses
  }

  /// Dispatcher's own listening sockets, as they were bound; replaces what was set. Thread-safe.
  package func setOwnListeners(_ listeners: [SocketAddress]) {
    state.withLock { $0.listeners = OwnListeners(listeners) }
  }

  /// Why the numeric host of a URL is refused, in one sentence; nil for names and for allowed
  /// addresses. Reads every spelling that a resolver would take (`2130706433`, `0x7f.1`, `[::1]`).
  /// `localhost` and the names below it are no other names than loopback (RFC 6761 §6.3).
  package func refusal(literalHost host: String, port: Int) -> String? {
    switch NumericHost(host) {
    case .name: Self.isLocalhost(host) ? refusal(.v4(0x7f00_0001), port: port) : nil
    case .malformed(let reason): reason
    case .address(let address): refusal(address, port: port)
    }
  }

  /// `host` in lower case.
  private static func isLocalhost(_ host: String) -> Bool {
    let name = host.hasSuffix(".") ? host.dropLast() : host[...]
    return name == "localhost" || name.hasSuffix(".localhost")
  }

  /// Why a resolved or connected address is refused; nil when it is allowed. Unix domain sockets are
  /// no destinations.
  package func refusal(address: SocketAddress) -> String? {
    guard let ip = IPAddress(address), let port = address.port else {
      return "only IP addresses can be destinations"
    }
    return refusal(ip, port: port)
  }

  /// The same for a connection that stands: one whose both ends have the same address stays on this
  /// machine, also where an address isn't listed with the interfaces.
  package func refusal(connectedTo remote: SocketAddress, from local: SocketAddress?) -> String? {
    guard let ip = IPAddress(remote), let port = remote.port else {
      return "only IP addresses can be destinations"
    }
    return refusal(ip, port: port, connectedFrom: local.flatMap { IPAddress($0) })
  }

  package func refusal(_ address: IPAddress, port: Int) -> String? {
    refusal(address, port: port, connectedFrom: nil)
  }

  private func refusal(_ address: IPAddress, port: Int, connectedFrom: IPAddress?) -> String? {
    if let reason = AlwaysBlocked.reason(address) { return reason }
    if let range = configured(address) {
      return "\(address) is in \(range), which the configuration blocks"
    }
    let own = state.withLock { state in
      guard state.listeners.use(port: port) else { return false }
      let now = clock.monotonic()
      if state.readAt.map({ now - $0 > Self.localAddressesLast }) ?? true {
        state.local = localAddresses()
        state.readAt = now
      }
      let local = connectedFrom.map { state.local.union([$0]) } ?? state.local
      return state.listeners.own(address, port: port, local: local)
    }
    return own ? "\(address.urlHost):\(port) is Dispatcher's own listener" : nil
  }

  private func configured(_ address: IPAddress) -> AddressRange? {
    guard !blocked.isEmpty else { return nil }
    let inner = address.embeddedV4
    return blocked.first { $0.contains(address) || inner.map($0.contains) == true }
  }
}
