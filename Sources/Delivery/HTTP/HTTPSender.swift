/// The border to the network: makes one attempt. Tests put their own behind it.
package protocol HTTPSender: Sendable {
  /// Sends and reads the answer (bounded). Never throws; when the task is cancelled the answer is
  /// `interrupted`.
  func send(_ request: OutboundRequest) async -> AttemptResult
}

package struct OutboundRequest: Sendable, Equatable {
  package var url: String
  package var origin: Origin
  package var method: String
  package var headers: [HeaderField]
  package var body: [UInt8]
  /// From the start of the connection to the last byte of the answer.
  package var timeout: Duration
  package init(
    url: String, origin: Origin, method: String, headers: [HeaderField], body: [UInt8],
    timeout: Duration
  ) {
    self.url = url
    self.origin = origin
    self.method = method
    self.headers = headers
    self.body = body
    self.timeout = timeout
  }
}

package enum AttemptResult: Sendable, Equatable {
  /// A response head arrived. A 2xx whose body breaks off or outlasts the timeout is still this.
  case response(ResponseSummary)
  /// No response head arrived, or the rest of a non-2xx answer failed before it.
  case failure(FailureKind, detail: String)
  /// We ended it ourselves (shutdown): no outcome, no attempt is charged.
  case interrupted
  /// It could not be made for want of our own means: no outcome, no attempt is charged.
  case unavailable(OwnShortage, detail: String)
}

package struct ResponseSummary: Sendable, Equatable {
  package var status: UInt16
  /// The value of `Retry-After` as it came, if any.
  package var retryAfter: String?
  /// `webhook-delivery: abort-message` stood in the answer.
  package var abortMessage: Bool
  package init(status: UInt16, retryAfter: String? = nil, abortMessage: Bool = false) {
    self.status = status
    self.retryAfter = retryAfter
    self.abortMessage = abortMessage
  }
}

package enum FailureKind: String, Sendable, CaseIterable {
  case dns, connect, tls, timeout
  /// What came was not HTTP.
  case `protocol`
  /// The connection was closed before the response head was complete.
  case closed
  /// The address that stands in the URL may never be a destination: permanent. (A name that stands for
  /// such an address now is a `dns` failure: it may stand for another one next time.)
  case blocked
}
