import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TCP server that speaks only what a test tells it to, and keeps every byte that it got.
final class RawServer: Sendable {
  /// A complete request has arrived, or a connection was accepted.
  struct Moment: Sendable {
    let channel: any Channel
    /// From 0, in the order of acceptance.
    let connection: Int
    /// From 1, on this connection; 0 at its acceptance, and at its first bytes.
    let request: Int

    func send(_ text: String) {
      channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }
    func close() { channel.close(promise: nil) }
    /// Once the bytes before are out.
    func sendAndClose(_ text: String) {
      channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
        channel.close(promise: nil)
      }
    }
    /// Sends `text` again and again, for as long as the other side takes it.
    func sendForEver(_ text: String) {
      // Through the loop's queue: a write that succeeds at once must not deepen the stack.
      channel.writeAndFlush(ByteBuffer(string: text)).whenSuccess {
        channel.eventLoop.execute { sendForEver(text) }
      }
    }
    /// One byte each `milliseconds`, for ever.
    func drip(every milliseconds: Int64) {
      channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
        channel.writeAndFlush(ByteBuffer(string: "x")).whenSuccess { drip(every: milliseconds) }
      }
    }
  }

  typealias Script = @Sendable (Moment) -> Void

  let port: Int
  private let listener: any Channel
  private let received: Received

  /// `script` runs on the connection's event loop at each complete request; `greets`: at acceptance
  /// too; `peeks`: at its first bytes too.
  init(
    host: String = "127.0.0.1", port: Int = 0, tls: NIOSSLContext? = nil, greets: Bool = false,
    peeks: Bool = false, _ script: @escaping Script
  ) async throws {
    let received = Received()
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handlers = channel.pipeline.syncOperations
          if let tls { try handlers.addHandler(NIOSSLServerHandler(context: tls)) }
          try handlers.addHandler(
            RawConnection(
              number: received.accepted(), received: received, greets: greets, peeks: peeks, script)
          )
        }
      }
      .bind(host: host, port: port).get()
    self.port = listener.localAddress?.port ?? 0
    self.received = received
  }

  /// What each connection got, in the order of acceptance.
  var connections: [String] { received.texts }
  var address: SocketAddress { listener.localAddress! }

  func stop() async { try? await listener.close() }
}

private final class Received: Sendable {
  private let bytes = Mutex<[[UInt8]]>([])

  var texts: [String] { bytes.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }

  func accepted() -> Int {
    bytes.withLock { bytes in
      bytes.append([])
      return bytes.count - 1
    }
  }

  func add(_ more: ByteBuffer, to connection: Int) {
    bytes.withLock { $0[connection] += Array(more.readableBytesView) }
  }
}

private final class RawConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let number: Int
  private let received: Received
  private let greets: Bool
  private var peeks: Bool
  private let script: RawServer.Script
  private var unread = ByteBuffer()
  private var length: Int?
  private var requests = 0

  init(
    number: Int, received: Received, greets: Bool, peeks: Bool, _ script: @escaping RawServer.Script
  ) {
    self.number = number
    self.received = received
    self.greets = greets
    self.peeks = peeks
    self.script = script
  }

  func channelActive(context: ChannelHandlerContext) {
    if greets { script(moment(context)) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    received.add(buffer, to: number)
    unread.writeBuffer(&buffer)
    if peeks {
      peeks = false
      script(moment(context))
    }
    while let length = requestLength(), unread.readableBytes >= length {
      unread.moveReaderIndex(forwardBy: length)
      self.length = nil
      requests += 1
      script(moment(context))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func moment(_ context: ChannelHandlerContext) -> RawServer.Moment {
    RawServer.Moment(channel: context.channel, connection: number, request: requests)
  }

  /// Of the request at the front, with the body that its `Content-Length` announces. Read once per
  /// request: a large body arrives in many pieces.
  private func requestLength() -> Int? {
    if let length { return length }
    let text = String(decoding: unread.readableBytesView.prefix(8192), as: Unicode.UTF8.self)
    guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let head = text[..<end.lowerBound].lowercased()
    var body = 0
    for line in head.split(separator: "\r\n") where line.hasPrefix("content-length: ") {
      body = Int(line.dropFirst(16)) ?? 0
    }
    length = text.utf8.distance(from: text.startIndex, to: end.upperBound) + body
    return length
  }
}
