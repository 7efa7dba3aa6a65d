import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix

/// The floor of accepting: a bare NIO HTTP/1.1 server that reads a request and keeps nothing.
struct FloorServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "floor-server", abstract: "A bare NIO server that answers 202.",
    shouldDisplay: false)

  @Option var threads = 2

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(FloorHandler())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    print("port \(channel.localAddress?.port ?? 0)")
    flushOutput()
    try await channel.closeFuture.get()
  }
}

private final class FloorHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private static let body = ByteBuffer(
    string: "{\"UUID\":\"00000000-0000-0000-0000-000000000000\",\"Duplicate\":false}")
  private var received = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: received = 0
    case .body(let bytes): received += bytes.readableBytes
    case .end:
      let head = HTTPResponseHead(
        version: .http1_1, status: .accepted,
        headers: [
          "Content-Type": "application/json", "Content-Length": "\(Self.body.readableBytes)",
          "Location": "/messages/00000000-0000-0000-0000-000000000000",
        ])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(Self.body))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
