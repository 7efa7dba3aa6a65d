import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request to one address, as AsyncHTTPClient reports it on the attempt's event loop. An attempt
/// may need several; reports of an earlier one are ignored by its number.
final class Exchange: HTTPClientResponseDelegate {
  typealias Response = Void

  /// Ends an exchange whose body is longer than we read.
  struct EnoughRead: Error {}

  private let attempt: Attempt
  private let number: Int

  init(attempt: Attempt, number: Int) {
    self.attempt = attempt
    self.number = number
  }

  func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
    attempt.requestSent(exchange: number)
  }

  func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead)
    -> EventLoopFuture<Void>
  {
    attempt.receivedHead(ResponseSummary(head), exchange: number)
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer)
    -> EventLoopFuture<Void>
  {
    attempt.receivedBody(buffer.readableBytes, exchange: number)
      ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(EnoughRead())
  }

  func didFinishRequest(task: HTTPClient.Task<Void>) {
    attempt.answered(exchange: number)
  }

  func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
    attempt.failed(error, exchange: number)
  }
}

extension ResponseSummary {
  init(_ head: HTTPResponseHead) {
    let abort = head.headers["webhook-delivery"].contains { $0.lowercased() == "abort-message" }
    self.init(
      status: UInt16(clamping: head.status.code),
      retryAfter: head.headers.first(name: "Retry-After"), abortMessage: abort)
  }
}
