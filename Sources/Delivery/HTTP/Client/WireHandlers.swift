import NIOCore
import NIOHTTP1

/// What the head of an answer may be long, its 1xx answers included. NIO's own parser takes 2 MiB,
/// which times all connections is more memory than a receiver should be able to claim.
struct ResponseHeadTooLong: Error {
  var limit: Int
}

/// A kept connection was closed by the peer before the first byte of an answer.
struct StaleConnection: Error {}

/// Before the HTTP decoder: counts the bytes of an answer until its head is complete.
final class ResponseHeadLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let limit: Int
  private var waitsForHead = false
  private(set) var received = 0

  init(limit: Int) { self.limit = limit }

  func requestBegins() {
    waitsForHead = true
    received = 0
  }

  func headIsComplete() { waitsForHead = false }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
    // Asked after the decoder has seen the bytes: what follows the head in the same read is body.
    guard waitsForHead, received > limit else { return }
    waitsForHead = false
    context.fireErrorCaught(ResponseHeadTooLong(limit: limit))
    context.close(promise: nil)
  }
}

/// Between AsyncHTTPClient's own handler and the HTTP codec: puts the request's path and query on the
/// wire as they were given, sends small requests in one piece, and tells a stale connection from
/// other closed ones.
///
/// AsyncHTTPClient takes the path from Foundation's `URL`, which encodes what it finds invalid (such
/// as brackets in a query). So the real one travels in a header that is taken out here.
final class RequestWriter: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  /// A name that no message can have: the gateway refuses `Dispatcher-*`.
  static let uriHeader = "Dispatcher-Request-Uri"
  /// A request up to this size is held back until its end, so that head and body share a segment.
  /// Well below the channel's high-water mark, so that holding back never stops the body's writer.
  private static let heldBack = 16 << 10

  private let headLimit: ResponseHeadLimit
  private var requests = 0
  private var answering = false
  private var holds = false

  init(headLimit: ResponseHeadLimit) { self.headLimit = headLimit }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      requests += 1
      answering = true
      headLimit.requestBegins()
      holds = Self.bodyLength(head) <= Self.heldBack
      context.write(wrapOutboundOut(.head(Self.withRealURI(head))), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      holds = false
      context.write(data, promise: translatingStale(promise, context: context))
    }
  }

  func flush(context: ChannelHandlerContext) {
    if !holds { context.flush() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head) where head.status.code >= 200 || head.status == .switchingProtocols:
      headLimit.headIsComplete()
    case .end:
      answering = false
    case .head, .body:
      break
    }
    context.fireChannelRead(data)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if isStale { context.fireErrorCaught(StaleConnection()) }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.fireErrorCaught(isStale && error is IOError ? StaleConnection() : error)
  }

  private var isStale: Bool { answering && requests > 1 && headLimit.received == 0 }

  /// A write to a connection that the peer has closed fails before the close is seen.
  private func translatingStale(
    _ promise: EventLoopPromise<Void>?, context: ChannelHandlerContext
  ) -> EventLoopPromise<Void>? {
    guard let promise, requests > 1 else { return promise }
    let inner = context.eventLoop.makePromise(of: Void.self)
    inner.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success: promise.succeed()
      case .failure(let error):
        promise.fail(self.isStale && error is IOError ? StaleConnection() : error)
      }
    }
    return inner
  }

  private static func bodyLength(_ head: HTTPRequestHead) -> Int {
    head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
  }

  private static func withRealURI(_ head: HTTPRequestHead) -> HTTPRequestHead {
    guard let uri = head.headers.first(name: uriHeader) else { return head }
    var head = head
    head.uri = uri
    head.headers.remove(name: uriHeader)
    return head
  }
}
