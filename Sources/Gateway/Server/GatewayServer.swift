import Delivery
import Logging
import NIOCore
import NIOPosix

/// The two listeners. They open before recovery ends, so that `/healthz` answers from the first
/// second; what they serve is installed later.
///
///     start → install → (set) … → drain → stop
package final class GatewayServer: Sendable {
  package let services = ServiceSwitch()

  /// - Parameter refusal: the reason why this host (numeric or not) and port may never be a
  ///   destination, nil when it may; called on event loops, must not block.
  package init(
    configuration: GatewayConfiguration, group: any EventLoopGroup, clock: any Clock,
    logger: Logger, refusal: @escaping @Sendable (_ host: String, _ port: Int) -> String?
  ) {}

  /// Opens both listeners; when one can't be opened neither stays open.
  package func start() async throws(GatewayError) -> BoundAddresses {
    fatalError()
  }

  /// Serves from here on with `backend`: `.serving`, or `.drainOnly` after damage.
  package func install(_ backend: Backend, state: ServiceState = .serving) {
    services.install(backend, state: state)
  }

  /// The first half of the shutdown: `/readyz` says 503; after `delay` the listeners are closed,
  /// requests begun are answered, later ones get 503 and `Connection: close`. Returns when the last
  /// request begun has its answer.
  package func drain(delay: Duration) async {}

  /// Closes every connection. Call it when the store is closed.
  package func stop() async {}
}

package struct BoundAddresses: Sendable {
  package var main: SocketAddress
  package var admin: SocketAddress?
}

package enum GatewayError: Error, Sendable, CustomStringConvertible {
  /// `address` as it was configured, `reason` in the system's words.
  case cannotListen(address: String, reason: String)

  package var description: String {
    switch self {
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}
