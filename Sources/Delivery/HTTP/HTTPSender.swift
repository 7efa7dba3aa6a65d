/// The border to the network: makes one attempt. Tests put their own behind it.
package protocol HTTPSender: Sendable {
  /// Sends and reads the head of the answer (bounded). Never throws; when the task is cancelled the answer is
  /// `interrupted`.
  func send(_ request: OutboundRequest) async -> AttemptResult

  /// The same, and tells from any thread when a connection was accepted and the request is on its way.
  func send(
    _ request: OutboundRequest, onAccepted: @escaping @Sendable () -> Void
  ) async -> AttemptResult
}

extension HTTPSender {
  /// For a sender that knows no connections.
  package func send(
    _ request: OutboundRequest, onAccepted: @escaping @Sendable () -> Void
  ) async -> AttemptResult { await send(request) }
}

package struct OutboundRequest: Sendable, Equatable {
  package var url: String
  package var origin: Origin
  package var method: String
  package var headers: [HeaderField]
  package var body: [UInt8]
  /// From the start of the connection to the end of the answer's head.
  package var timeout: Duration
  /// The message has no attempt left after this one: what the receiver may have worked on is not sent
  /// again within it.
  package var isLastAttempt: Bool
  package init(
    url: String, origin: Origin, method: String, headers: [HeaderField], body: [UInt8],
    timeout: Duration, isLastAttempt: Bool = false
  ) {
    self.url = url
    self.origin = origin
    self.method = method
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.isLastAttempt = isLastAttempt
  }
}

package enum AttemptResult: Sendable, Equatable {
  /// A status line arrived. What follows it, or is wrong with it, doesn't change that.
  case response(ResponseSummary)
  /// No status line arrived.
  case failure(FailureKind, detail: String)
  /// We ended it ourselves (shutdown): no outcome, no attempt is charged.
  case interrupted
  /// It could not be made for want of our own means: no outcome, no attempt is charged.
  case unavailable(OwnShortage, detail: String)
}

package enum FailureKind: String, Sendable, CaseIterable {
  case dns, connect, tls, timeout
  /// What came was not HTTP.
  case `protocol`
  /// The connection was closed before a status line was complete.
  case closed
  /// The address that stands in the URL may never be a destination: permanent. (A name that stands for
  /// such an address now is a `dns` failure: it may stand for another one next time.)
  case blocked
}
