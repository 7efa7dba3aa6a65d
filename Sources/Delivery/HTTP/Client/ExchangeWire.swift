import NIOCore
import NIOHTTP1
import NIOSSL

/// Between AsyncHTTPClient's own handler and the HTTP codec, on one connection: writes requests as
/// they were given, reads their answers with `AnswerReader`, and tells the client of an answer only
/// what it can't stumble over: one head of our making, and the end of what can be followed by another
/// request. Everything else ends the connection.
///
/// AsyncHTTPClient takes the path from Foundation's `URL`, which encodes what it finds invalid (such
/// as brackets in a query). So the real one travels in a header that is taken out here.
final class ExchangeWire: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  /// A name that no message can have: the gateway refuses `Dispatcher-*`.
  static let uriHeader = "Dispatcher-Request-Uri"
  /// A request up to this size is held back until its end, so that head and body share a segment.
  /// Well below the channel's high-water mark, so that holding back never stops the body's writer.
  private static let heldBack = 16 << 10
  /// How long the rest of a head, or words of a body, are waited for once the status is known: longer
  /// than a lost segment takes to be sent again, shorter than any timeout.
  private static let patience = TimeAmount.milliseconds(500)

  private let bytes: AnswerBytes
  private let socket: SocketEnd
  private let drains: Drains

  private var context: ChannelHandlerContext?
  private var reader: AnswerReader
  private var requests = 0
  private var holds = false
  /// Bytes of the request have not been handed to the kernel yet.
  private var isLeaving = false
  private var hasBody = false
  /// Bytes of the body that were not written yet.
  private var bodyLeft = 0
  private var leftAt: NIODeadline?
  /// The client waits for an answer.
  private var isAwaited = false
  private var isDraining = false
  /// The answer may not be the last thing that its connection has to say about this request.
  private var isLast = false
  private var isDropped = false
  private var timer: Scheduled<Void>?

  init(bytes: AnswerBytes, socket: SocketEnd, reader: AnswerReader, drains: Drains) {
    self.bytes = bytes
    self.socket = socket
    self.reader = reader
    self.drains = drains
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    bytes.onRead = { [unowned self] in self.received($0) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    stopWaiting()
    self.context = nil
  }

  // The request

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let part = unwrapOutboundIn(data)
    switch part {
    case .head(let head):
      guard reader.isIdle, !isDropped else {
        // Closed by us, which the client's pool has not seen yet.
        promise?.fail(ChannelError.ioOnClosedChannel)
        context.fireErrorCaught(AttemptCore.ExchangeFailure.unsent)
        return
      }
      begin(head)
      bytes.write(.head(Self.withRealURI(head)), promise: promise)
    case .body(let data):
      bodyLeft -= data.readableBytes
      // The end of a body of known length has no bytes: an answer may come before it is written.
      bytes.write(part, promise: bodyLeft <= 0 ? seeingItLeave(promise, context) : promise)
    case .end:
      holds = false
      bytes.write(part, promise: seeingItLeave(promise, context))
    }
  }

  func flush(context: ChannelHandlerContext) {
    if !holds { bytes.flush() }
  }

  private func begin(_ head: HTTPRequestHead) {
    requests += 1
    isAwaited = true
    isLeaving = true
    leftAt = nil
    let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    hasBody = length > 0
    bodyLeft = length
    holds = length <= Self.heldBack
    reader.expect(answerTo: head.method.rawValue)
  }

  /// A write to a connection that the peer has closed fails before the close is seen.
  private func seeingItLeave(
    _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
  ) -> EventLoopPromise<Void> {
    let inner = context.eventLoop.makePromise(of: Void.self)
    let request = requests
    inner.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success:
        if self.requests == request {
          self.isLeaving = false
          if self.isReused { self.leftAt = .now() }
        }
        promise?.succeed()
      case .failure(let error):
        promise?.fail(self.requests == request ? self.doubted(error) : error)
      }
    }
    return inner
  }

  private static func withRealURI(_ head: HTTPRequestHead) -> HTTPRequestHead {
    guard let uri = head.headers.first(name: uriHeader) else { return head }
    var head = head
    head.uri = uri
    head.headers.remove(name: uriHeader)
    return head
  }

  // The answer

  private func received(_ buffer: ByteBuffer) {
    perform(buffer.withUnsafeReadableBytes { reader.read($0) })
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(reader.ended())
    if isAwaited { fail(.connectionClosed) }
    stopWaiting()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What is legible counts, whatever happens then. A TLS peer that closes without a goodbye has
    // closed, which is seen next.
    if reader.isNearlyAnswered { perform(reader.ended()) }
    if let error = error as? NIOSSLError, error == .uncleanShutdown { return }
    let failure = doubted(error)
    isAwaited = false
    context.fireErrorCaught(failure)
  }

  /// A client that gives a request up, such as at the end of its time, doesn't want the rest of it
  /// sent first.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard isLeaving, mode == .all else { return context.close(mode: mode, promise: promise) }
    socket.close(promise: promise)
  }

  private func perform(_ progress: AnswerReader.Progress) {
    if let answer = progress.answer { hand(answer) }
    switch progress.next {
    case .more: waitForRest()
    case .ready: isOver()
    case .foreign(let foreign):
      fail(AttemptCore.ExchangeFailure(kind: .protocol, detail: foreign.text))
      drop()
    case .close: drop()
    }
  }

  /// Gives the client the outcome.
  private func hand(_ answer: ResponseSummary) {
    guard isAwaited, let context else { return }
    isAwaited = false
    let isEarly = isLeaving
    let isDoubtful = isReused && Doubt.isDue(to: answer, isEarly: isEarly)
    let head = AnswerHead.make(answer, doubt: isDoubtful ? doubt : nil)
    isLast = hasBody && Doubt.mayLeaveBody(answer.status)
    context.fireChannelRead(wrapInboundOut(.head(head)))
    // What has not left yet would be sent to somebody who has answered already, and hold memory for
    // as long as that takes.
    if isEarly { drop() }
  }

  /// The answer is over and its connection carries on.
  private func isOver() {
    stopWaiting()
    guard let context, !isDropped else { return }
    guard !isLast else { return drop() }
    // The client may begin its next request within this call.
    context.fireChannelRead(wrapInboundOut(.end(nil)))
  }

  private func fail(_ failure: AttemptCore.ExchangeFailure) {
    guard isAwaited else { return }
    isAwaited = false
    var failure = failure
    if isReused { failure.doubt = doubt }
    context?.fireErrorCaught(failure)
  }

  private func drop() {
    stopWaiting()
    guard !isDropped else { return }
    isDropped = true
    socket.close(promise: nil)
  }

  // What is left of an answer

  /// Its head, or words that matter, have a moment; then whatever is legible counts. Its body has a
  /// second to end, so that the connection can be kept: nobody waits for it.
  private func waitForRest() {
    guard !isDropped else { return }
    if reader.isNearlyAnswered {
      if timer == nil { startTimer(Self.patience) }
    } else if reader.isDraining, !isDraining {
      stopWaiting()
      guard drains.begin() else { return drop() }
      isDraining = true
      startTimer(Drains.limit)
    }
  }

  private func startTimer(_ amount: TimeAmount) {
    timer = context?.eventLoop.assumeIsolated().scheduleTask(in: amount) { [weak self] in
      guard let self else { return }
      self.perform(self.reader.patienceIsOver())
    }
  }

  private func stopWaiting() {
    timer?.cancel()
    timer = nil
    if isDraining {
      isDraining = false
      drains.end()
    }
  }

  // Doubt

  private var isReused: Bool { requests > 1 }

  private var doubt: Doubt {
    guard !isLeaving, let leftAt else { return Doubt(outMs: 0) }
    return Doubt(outMs: (.now() - leftAt).nanoseconds / 1_000_000)
  }

  private func doubted(_ error: any Error) -> any Error {
    isReused && isAwaited ? DoubtedError(error: error, doubt: doubt) : error
  }
}
