import NIOCore
import NIOPosix

/// Opens one port and puts an `AcceptHandler` on each connection to it.
struct Listener {
  let group: any EventLoopGroup
  let site: Site
  let loops: [NIOLoopBoundBox<AcceptLoop>]
  let limit: ConnectionLimit
  /// Open on both listeners together; for one more here another one goes.
  let maxConnections: Int

  /// Bursts of connections wait here; the kernel caps it at `net.core.somaxconn`.
  private static let backlog: Int32 = 4096

  func open(_ address: ListenAddress) async throws -> any Channel {
    guard let host = address.host else {
      // One socket for both families, where the machine has both.
      do {
        let any = try SocketAddress(ipAddress: "::", port: address.port)
        return try await bootstrap.serverChannelOption(
          ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 0
        ).bind(to: any).get()
      } catch let error as IOError where Self.isMissingFamily(error) {
        let any = try SocketAddress(ipAddress: "0.0.0.0", port: address.port)
        return try await bootstrap.bind(to: any).get()
      }
    }
    return try await bootstrap.bind(to: resolve(host, address.port)).get()
  }

  /// What the system says, without the names of calls.
  static func reason(_ error: any Error) -> String {
    guard let error = error as? IOError else { return "\(error)" }
    return String(cString: strerror(error.errnoCode))
  }

  private static func isMissingFamily(_ error: IOError) -> Bool {
    [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT, ENOPROTOOPT].contains(error.errnoCode)
  }

  private func resolve(_ host: String, _ port: Int) async throws -> SocketAddress {
    if let literal = try? SocketAddress(ipAddress: host, port: port) { return literal }
    // Not whichever of its two addresses comes first.
    if host.lowercased() == "localhost" {
      return try SocketAddress(ipAddress: "127.0.0.1", port: port)
    }
    // getaddrinfo blocks.
    return try await NIOThreadPool.singleton.runIfActive {
      try SocketAddress.makeAddressResolvingHost(host, port: port)
    }
  }

  private var bootstrap: ServerBootstrap {
    let byLoop = Dictionary(
      uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // A client may shut its sending side down and wait for the answer.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { [site, limit, maxConnections] channel in
        let peer = PeerAddress(channel.remoteAddress)
        guard limit.opened(by: peer, limit: maxConnections) else { return channel.close() }
        channel.closeFuture.whenComplete { _ in limit.closed(by: peer) }
        return channel.eventLoop.makeCompletedFuture {
          guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else {
            throw ChannelError.inappropriateOperationForState
          }
          try channel.pipeline.syncOperations.addHandler(
            AcceptHandler(loop: loop.value, site: site, peer: peer))
          limit.makeRoom(limit: maxConnections)
        }
      }
  }
}
