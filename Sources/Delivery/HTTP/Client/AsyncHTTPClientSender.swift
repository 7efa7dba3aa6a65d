import AsyncHTTPClient
import NIOCore
import NIOSSL

/// The real `HTTPSender`: AsyncHTTPClient behind a resolver and an egress guard of our own.
///
/// The promise: no byte of a request reaches an address that the guard didn't pass. Redirects are not
/// followed, nothing is decompressed, no proxy is asked.
package final class AsyncHTTPClientSender: HTTPSender {
  package struct Configuration: Sendable {
    /// Deliveries in flight, and so the most connections to one destination.
    package var worker: Int
    /// How long a connection is kept for the next request.
    package var idleConnection: Duration = .seconds(15)
    /// Open connections from which on requests ask for theirs to be closed. With less than twice the
    /// `worker` a busy sender to many destinations doesn't keep its own.
    package var keptConnections = 512
    /// The longest time to wait for a connection; the attempt's own timeout when that is shorter.
    package var connectLimit: Duration = .seconds(10)
    /// The longest time to wait for one address of a name while others are left to try.
    package var triesOneAddress: Duration = .seconds(2)
    /// The longest time to wait for a name's addresses.
    package var lookupLimit: Duration = .seconds(5)
    /// Bytes of an answer's body that are read, within a second, to keep its connection; then that is
    /// closed. No attempt waits for them.
    package var bodyLimit = 64 << 10
    /// Bytes of an answer's head that are read, with the 1xx answers before it.
    package var headLimit = 128 << 10
    /// Authorities that https destinations are trusted by; nil = the system's.
    package var trustedAuthorities: [NIOSSLCertificate]?

    package init(worker: Int = 64) { self.worker = worker }
  }

  private let environment: Attempt.Environment
  private let group: any EventLoopGroup

  /// `eventLoopGroup` and `resolver` outlive the sender.
  package init(
    configuration: Configuration, guard egress: EgressGuard, resolver: NameResolver,
    eventLoopGroup: any EventLoopGroup
  ) {
    let open = OpenConnections(limit: configuration.keptConnections)
    let setup = ConnectionSetup(
      egress: egress, headLimit: configuration.headLimit, bodyLimit: configuration.bodyLimit,
      open: open, drains: Drains(most: configuration.worker))
    let clients = Clients(
      configuration: Self.clientConfiguration(configuration, setup: setup),
      group: eventLoopGroup, namesKept: max(256, 2 * configuration.worker))
    environment = Attempt.Environment(
      clients: clients, resolver: resolver, egress: egress, open: open,
      addresses: SharedAddressBook(),
      lookupLimit: TimeAmount(configuration.lookupLimit),
      triesOneAddress: TimeAmount(configuration.triesOneAddress))
    group = eventLoopGroup
  }

  package func send(_ request: OutboundRequest) async -> AttemptResult {
    await attempt(request, onAccepted: nil)
  }

  package func send(
    _ request: OutboundRequest, onAccepted: @escaping @Sendable () -> Void
  ) async -> AttemptResult {
    await attempt(request, onAccepted: onAccepted)
  }

  private func attempt(
    _ request: OutboundRequest, onAccepted: (@Sendable () -> Void)?
  ) async -> AttemptResult {
    guard let target = RequestTarget(url: request.url, origin: request.origin) else {
      return .failure(.protocol, detail: "the URL can't be read")
    }
    let attempt = Attempt(
      request, target: target, environment: environment, loop: group.next(),
      onAccepted: onAccepted)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { attempt.start($0) }
    } onCancel: {
      attempt.interrupt()
    }
  }

  /// Ends what is still in flight (`interrupted`) and closes all connections. Has to be called before
  /// the sender goes away; the resolver is its owner's to end.
  package func shutdown() async { await environment.clients.shutdown() }

  /// The same, but waits no longer than `limit` for connections that are still being made: they can't
  /// be broken off, and one to a host that is silent takes up to `connectLimit`.
  /// - Returns: whether all are closed; if not, the event loops must go on running.
  package func shutdown(within limit: Duration) async -> Bool {
    let (ends, end) = AsyncStream.makeStream(of: Bool.self)
    Task {
      await shutdown()
      end.yield(true)
    }
    let patience = Task {
      try? await Task.sleep(for: limit)
      end.yield(false)
    }
    defer { patience.cancel() }
    for await allClosed in ends { return allClosed }
    return false
  }

  private static func clientConfiguration(_ own: Configuration, setup: ConnectionSetup)
    -> HTTPClient.Configuration
  {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: TimeAmount(own.connectLimit), read: nil),
      connectionPool: .init(
        idleTimeout: TimeAmount(own.idleConnection),
        // Beside those in use, those whose answer is known while its body is still read: no attempt
        // waits for them.
        concurrentHTTP1ConnectionsPerHostSoftLimit: 2 * own.worker),
      decompression: .disabled)
    // With retries a refused connection is reported only when the deadline is over.
    configuration.connectionPool.retryConnectionEstablishment = false
    // HTTP/2 lower-cases header names.
    configuration.httpVersion = .http1Only
    configuration.http1_1ConnectionDebugInitializer = { setup.prepare($0) }
    configuration.tlsConfiguration = tlsConfiguration(own)
    return configuration
  }

  private static func tlsConfiguration(_ own: Configuration) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    // The library's own, without SHA-1 and with Ed25519 and P-521.
    tls.verifySignatureAlgorithms = [
      .ecdsaSecp256R1Sha256, .rsaPssRsaeSha256, .rsaPkcs1Sha256, .ed25519,
      .ecdsaSecp384R1Sha384, .rsaPssRsaeSha384, .rsaPkcs1Sha384,
      .ecdsaSecp521R1Sha512, .rsaPssRsaeSha512, .rsaPkcs1Sha512,
    ]
    // The library's own and P-521: with TLS 1.2 a certificate's key has to be on one of them, too.
    tls.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1]
    tls.trustRoots =
      own.trustedAuthorities.map { .certificates($0) } ?? SystemAuthorities.ofProcess.roots
    return tls
  }
}
