import NIOCore

/// The real `HTTPSender`.
package final class AsyncHTTPClientSender: HTTPSender {
  package struct Configuration: Sendable {
    /// Deliveries in flight: the connections to one destination.
    package var worker: Int = 64
    package init(worker: Int = 64) { self.worker = worker }
  }
  package init(
    configuration: Configuration, guard: EgressGuard, resolver: Resolver,
    eventLoopGroup: any EventLoopGroup
  ) {}
  package func send(_ request: OutboundRequest) async -> AttemptResult { .interrupted }
  /// Ends what is still in flight and closes all connections.
  package func shutdown() async {}
}
