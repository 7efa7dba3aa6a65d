import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// A destination on port 0 that remembers what arrived and answers as told.
final class Receiver: Sendable {
  struct Request: Sendable {
    var method: String
    var uri: String
    var headers: HTTPHeaders
    var body: [UInt8]
    /// When it arrived, by the continuous clock.
    var at: ContinuousClock.Instant
    var id: String { headers.first(name: "webhook-id") ?? "" }
    var attempt: Int { Int(headers.first(name: "Dispatcher-Attempt") ?? "") ?? 0 }
  }

  struct Reply: Sendable {
    var status: Int = 200
    var headers: [(String, String)] = []
    var body: String = ""
    /// Wait before answering; nil: never answer.
    var delay: TimeAmount? = .zero
  }

  private let requests = NIOLockedValueBox<[Request]>([])
  private let channel: any Channel
  let port: Int

  /// `reply` is asked for each request with its position among all (0, 1 …).
  init(port: Int = 0, reply: @escaping @Sendable (Request, Int) -> Reply = { _, _ in Reply() })
    async throws
  {
    let requests = self.requests
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(ReceiverHandler(requests, reply))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    self.port = channel.localAddress?.port ?? 0
  }

  var url: String { "http://127.0.0.1:\(port)/hook" }
  var all: [Request] { requests.withLockedValue { $0 } }

  func waitFor(_ count: Int, seconds: Double = 30) async throws -> [Request] {
    try await eventually(
      "\(count) requests at the receiver (\(all.count) so far)", seconds: seconds
    ) { self.all.count >= count ? self.all : nil }
  }

  func close() async { try? await channel.close().get() }
}

private final class ReceiverHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private let requests: NIOLockedValueBox<[Receiver.Request]>
  private let reply: @Sendable (Receiver.Request, Int) -> Receiver.Reply
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(
    _ requests: NIOLockedValueBox<[Receiver.Request]>,
    _ reply: @escaping @Sendable (Receiver.Request, Int) -> Receiver.Reply
  ) {
    self.requests = requests
    self.reply = reply
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let bytes): body += Array(bytes.readableBytesView)
    case .end:
      guard let head else { return }
      let request = Receiver.Request(
        method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body, at: .now)
      let index = requests.withLockedValue { requests in
        requests.append(request)
        return requests.count - 1
      }
      let reply = self.reply(request, index)
      guard let delay = reply.delay else { return }
      if delay == .zero {
        answer(reply, context)
      } else {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: delay) { bound.value.0.answer(reply, bound.value.1) }
      }
    }
  }

  private func answer(_ reply: Receiver.Reply, _ context: ChannelHandlerContext) {
    var headers = HTTPHeaders(reply.headers)
    headers.add(name: "Content-Length", value: "\(reply.body.utf8.count)")
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A destination of raw TCP: does with each connection what it is told, bytes in and out.
final class RawReceiver: Sendable {
  private let channel: any Channel
  private let connections = NIOLockedValueBox(0)
  let port: Int
  var count: Int { connections.withLockedValue { $0 } }
  var url: String { "http://127.0.0.1:\(port)/hook" }

  /// `react` runs on the event loop once something was received.
  init(host: String = "127.0.0.1", react: @escaping @Sendable (any Channel) -> Void) async throws {
    let connections = self.connections
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(RawReceiverHandler(connections, react))
        }
      }
      .bind(host: host, port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  func close() async { try? await channel.close().get() }
}

private final class RawReceiverHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let connections: NIOLockedValueBox<Int>
  private let react: @Sendable (any Channel) -> Void
  private var reacted = false
  init(_ connections: NIOLockedValueBox<Int>, _ react: @escaping @Sendable (any Channel) -> Void) {
    self.connections = connections
    self.react = react
  }
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !reacted else { return }
    reacted = true
    connections.withLockedValue { $0 += 1 }
    react(context.channel)
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
