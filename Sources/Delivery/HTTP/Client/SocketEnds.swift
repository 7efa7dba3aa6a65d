import NIOCore
import NIOHTTP1

/// Next to the socket, before TLS: closes it without a goodbye. TLS's own close waits behind what is
/// still to be sent, for up to five seconds.
final class SocketEnd: ChannelInboundHandler {
  typealias InboundIn = NIOAny

  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func close(promise: EventLoopPromise<Void>?) {
    guard let context else {
      promise?.fail(ChannelError.alreadyClosed)
      return
    }
    context.close(promise: promise)
  }
}

/// Before the HTTP client's decoder: takes the bytes of answers away from it, and gives the encoder
/// what would have passed it. No byte of a receiver reaches a parser but our own.
final class AnswerBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = HTTPClientRequestPart

  private var context: ChannelHandlerContext?
  var onRead: ((ByteBuffer) -> Void)?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    onRead = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    onRead?(unwrapInboundIn(data))
  }

  func write(_ part: HTTPClientRequestPart, promise: EventLoopPromise<Void>?) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.write(wrapOutboundOut(part), promise: promise)
  }

  func flush() { context?.flush() }
}
