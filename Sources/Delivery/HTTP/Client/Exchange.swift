import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request to one address, as AsyncHTTPClient reports it on the attempt's event loop. An attempt
/// may need several; reports of an earlier one are ignored by its number, and so is what becomes of
/// an answer's body, which nobody waits for.
final class Exchange: HTTPClientResponseDelegate {
  typealias Response = Void

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
    let (answer, doubt) = AnswerHead.read(head)
    attempt.answered(answer, doubt: doubt, exchange: number)
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didFinishRequest(task: HTTPClient.Task<Void>) {}

  func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
    attempt.failed(error, exchange: number)
  }
}
