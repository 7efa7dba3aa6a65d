import ArgumentParser
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A destination that answers 200 to everything and says when the expected number has arrived.
struct ReceiverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receiver", abstract: "A bare destination on loopback.", shouldDisplay: false)

  @Option(help: "Requests per report.") var expect: Int
  @Option(help: "Listen here; 0: any.") var port = 0

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let tally = Tally(expect: expect)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(ReceiverHandler(tally))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    print("port \(channel.localAddress?.port ?? 0)")
    flushOutput()
    try await channel.closeFuture.get()
  }
}

/// Seconds between the first request of a batch and its last.
private final class Tally: Sendable {
  private let expect: Int
  private let state = Mutex<(count: Int, first: UInt64)>((0, 0))
  init(expect: Int) { self.expect = expect }

  func arrived() {
    let seconds: Double? = state.withLock { state in
      let now = nowNanoseconds()
      if state.count == 0 { state.first = now }
      state.count += 1
      guard state.count == expect else { return nil }
      state.count = 0
      return Double(now - state.first) / 1e9
    }
    if let seconds {
      print("done \(seconds)")
      flushOutput()
    }
  }
}

private final class ReceiverHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private let tally: Tally
  init(_ tally: Tally) { self.tally = tally }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    tally.arrived()
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A pipe is fully buffered: the reader of a line must not wait for the next one.
func flushOutput() { fflush(nil) }
