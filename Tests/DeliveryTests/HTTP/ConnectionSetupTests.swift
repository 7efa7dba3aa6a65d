import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Delivery

@Suite("What a new connection goes through")
struct ConnectionSetupTests {
  /// Connects to `server` with the pipeline that AsyncHTTPClient gives a connection.
  private func connect(to server: RawServer) async throws -> any Channel {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(HTTPRequestEncoder())
          try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
        }
      }
      .connect(host: "127.0.0.1", port: server.port).get()
  }

  private func setup(_ egress: EgressGuard, open: OpenConnections) -> ConnectionSetup {
    ConnectionSetup(
      egress: egress, headLimit: 1000, bodyLimit: 1000, open: open, drains: Drains(most: 1))
  }

  @Test("a connection to a refused address fails and is closed")
  func refused() async throws {
    let server = try await RawServer { _ in }
    let egress = EgressGuard(clock: HTTPTestClock()) { [] }
    egress.setOwnListeners([server.address])
    let open = OpenConnections(limit: 1)
    let channel = try await connect(to: server)
    await #expect(throws: BlockedDestination.self) {
      try await channel.eventLoop.flatSubmit { setup(egress, open: open).prepare(channel) }.get()
    }
    try await channel.closeFuture.get()
    #expect(!open.areMany)
    #expect(server.connections.joined().isEmpty)
    await server.stop()
  }

  @Test("an allowed connection is counted until it is closed")
  func counted() async throws {
    let server = try await RawServer { _ in }
    let open = OpenConnections(limit: 1)
    let channel = try await connect(to: server)
    let egress = EgressGuard(clock: HTTPTestClock())
    try await channel.eventLoop.flatSubmit { setup(egress, open: open).prepare(channel) }.get()
    #expect(open.areMany)
    channel.close(promise: nil)
    try await channel.closeFuture.get()
    #expect(!open.areMany)
    await server.stop()
  }
}
