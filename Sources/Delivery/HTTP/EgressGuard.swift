import NIOCore

/// Says which addresses may never be a destination.
package final class EgressGuard: Sendable {
  package init(clock: any Clock) {}
  /// Dispatcher's own listening sockets, as they were bound. Thread-safe; replaces what was set.
  package func setOwnListeners(_ listeners: [SocketAddress]) {}
  /// Why a numeric host of a URL is refused; nil for names and for allowed addresses.
  package func refusal(literalHost: String, port: Int) -> String? { nil }
  /// Why a resolved address is refused; nil when it is allowed.
  package func refusal(address: SocketAddress) -> String? { nil }
}
