import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The receiver behind `dispatcher sink`: a bare NIO server that answers by a script and prints
/// what it got.
final class SinkServer: Sendable {
  // Short and hot, shared by the event loops.
  private let script: Mutex<SinkScript>
  private let listener = Mutex<(any Channel)?>(nil)
  private let delay: TimeAmount
  private let parts: SinkReport.Parts
  private let output: LineWriter

  init(
    script: SinkScript, delay: Duration, showing parts: SinkReport.Parts,
    output: CInt = STDOUT_FILENO
  ) {
    self.script = Mutex(script)
    self.delay = .milliseconds(delay.milliseconds)
    self.parts = parts
    self.output = LineWriter(descriptor: output)
  }

  /// Where it listens, `127.0.0.1:9000`.
  func start(host: String, port: Int) async throws -> String {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(SinkHandler(server: self))
        }
      }
      .bind(host: host, port: port).get()
    listener.withLock { $0 = channel }
    let bound = channel.localAddress
    let port = bound?.port ?? port
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Takes no more connections; what was printed reaches its reader.
  func stop() async {
    let channel = listener.withLock { $0 }
    try? await channel?.close()
    output.flush()
  }

  /// Why something could not be printed; nil as long as all was.
  var outputFailure: CInt? { output.failure }

  func say(_ line: String) { output.write(Array((line + "\n").utf8)) }

  fileprivate var wait: TimeAmount { delay }

  fileprivate func answer(
    _ head: HTTPRequestHead, body: ByteBuffer, bodyBytes: Int
  ) -> HTTPResponseStatus {
    let (number, status) = script.withLock { $0.next() }
    let report = SinkReport(
      number: number, head: head, body: body, bodyBytes: bodyBytes, status: status)
    output.write(Array(report.text(timeMs: UTCTime.nowMs(), showing: parts).utf8))
    return HTTPResponseStatus(statusCode: status)
  }
}

/// One connection. Requests on it come one after the other: NIO's pipelining help holds back the
/// next one until this one is answered.
private final class SinkHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let server: SinkServer
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var bodyBytes = 0

  init(server: SinkServer) { self.server = server }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.clear()
      bodyBytes = 0
      if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))),
          promise: nil)
      }
    case .body(var part):
      bodyBytes += part.readableBytes
      let room = max(0, SinkReport.bodyBytesKept - body.readableBytes)
      if let kept = part.readSlice(length: min(room, part.readableBytes)) {
        body.writeImmutableBuffer(kept)
      }
    case .end:
      guard let head else { return }
      self.head = nil
      let status = server.answer(head, body: body, bodyBytes: bodyBytes)
      if server.wait == .zero {
        respond(context, head, status)
      } else {
        context.eventLoop.assumeIsolated().scheduleTask(in: server.wait) {
          self.respond(context, head, status)
        }
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func respond(
    _ context: ChannelHandlerContext, _ request: HTTPRequestHead, _ status: HTTPResponseStatus
  ) {
    var head = HTTPResponseHead(version: request.version, status: status)
    if status.mayHaveResponseBody { head.headers.add(name: "Content-Length", value: "0") }
    if !request.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if !request.isKeepAlive { context.close(promise: nil) }
  }
}
