import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// What each new connection goes through before AsyncHTTPClient may use it: the address it really
/// has is checked, and the certificate of its other end, and our handlers take their places. A connection that fails here never carries a
/// byte of a request.
struct ConnectionSetup: Sendable {
  let egress: EgressGuard
  /// Bytes of an answer's head and body that are read.
  let headLimit: Int
  let bodyLimit: Int
  let open: OpenConnections
  let drains: Drains

  /// On the connection's event loop. Pipeline before: TLS when used, encoder, decoder, client.
  func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
    do {
      try check(channel)
      try checkCertificate(channel)
      let pipeline = channel.pipeline.syncOperations
      let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
      let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
      let (socket, bytes) = (SocketEnd(), AnswerBytes())
      try pipeline.addHandler(socket, position: .first)
      try pipeline.addHandler(bytes, position: .after(encoder))
      let reader = AnswerReader(headLimit: headLimit, bodyLimit: bodyLimit)
      let wire = ExchangeWire(bytes: bytes, socket: socket, reader: reader, drains: drains)
      try pipeline.addHandler(wire, position: .after(decoder))
      open.add(channel)
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      // Later, since the client's pool has to learn of the failure before it sees the close.
      channel.eventLoop.execute { channel.close(promise: nil) }
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private func check(_ channel: any Channel) throws {
    guard let remote = channel.remoteAddress else { throw ChannelError.ioOnClosedChannel }
    if let reason = egress.refusal(connectedTo: remote, from: channel.localAddress) {
      throw BlockedDestination(reason: reason)
    }
  }

  private func checkCertificate(_ channel: any Channel) throws {
    guard let certificate = try? channel.pipeline.syncOperations.nioSSL_peerCertificate() else {
      return  // a connection without TLS
    }
    if let weakness = CertificateStrength.weakness(ofDER: try certificate.toDERBytes()) {
      throw WeakCertificate(weakness: weakness)
    }
  }
}

/// Counts connections. Many destinations in a short time would leave one idle connection each, for
/// as long as the pool keeps them; beyond a limit requests ask for the connection to be closed.
final class OpenConnections: Sendable {
  private let limit: Int
  private let count = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var areMany: Bool { count.load(ordering: .relaxed) >= limit }

  func add(_ channel: any Channel) {
    count.add(1, ordering: .relaxed)
    channel.closeFuture.whenComplete { _ in self.count.subtract(1, ordering: .relaxed) }
  }
}
