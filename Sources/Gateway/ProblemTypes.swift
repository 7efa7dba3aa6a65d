/// A kind of error answer: what all problems of this kind have in common.
package struct ProblemType: Sendable, Equatable {
  /// HTTP status.
  package let status: Int
  /// Stable for ever: clients compare it.
  package let name: String
  package let title: String
}

/// Every kind of error answer that Dispatcher gives.
extension ProblemType {
  // What the caller sent.
  package static let badRequest = ProblemType(
    status: 400, name: "bad-request", title: "The request is not valid HTTP.")
  package static let invalidEncoding = ProblemType(
    status: 400, name: "invalid-encoding", title: "The body is not encoded as it says.")
  package static let notJSON = ProblemType(
    status: 400, name: "not-json", title: "The body is not valid JSON.")
  package static let invalidMessage = ProblemType(
    status: 400, name: "invalid-message", title: "The message is not valid.")
  package static let invalidUUID = ProblemType(
    status: 400, name: "invalid-uuid", title: "The UUID is not valid.")
  package static let unauthorized = ProblemType(
    status: 401, name: "unauthorized", title: "A valid token is required.")
  package static let forbiddenOrigin = ProblemType(
    status: 403, name: "forbidden-origin", title: "Requests from other web pages are refused.")
  package static let notFound = ProblemType(
    status: 404, name: "not-found", title: "There is nothing here.")
  package static let methodNotAllowed = ProblemType(
    status: 405, name: "method-not-allowed", title: "The method is not allowed here.")
  package static let requestTimeout = ProblemType(
    status: 408, name: "request-timeout", title: "The request took too long to arrive.")
  package static let uuidConflict = ProblemType(
    status: 409, name: "uuid-conflict", title: "The UUID was used for another message.")
  package static let bodyTooLarge = ProblemType(
    status: 413, name: "body-too-large", title: "The body is too large.")
  package static let unsupportedMediaType = ProblemType(
    status: 415, name: "unsupported-media-type", title: "The media type is not supported.")
  package static let unsupportedEncoding = ProblemType(
    status: 415, name: "unsupported-encoding", title: "The content encoding is not supported.")
  package static let misdirectedRequest = ProblemType(
    status: 421, name: "misdirected-request", title: "The request is meant for another host.")
  package static let headersTooLarge = ProblemType(
    status: 431, name: "headers-too-large", title: "The header fields are too large.")

  // What stands in the way here.
  package static let internalError = ProblemType(
    status: 500, name: "internal-error", title: "Something went wrong here.")
  package static let overloaded = ProblemType(
    status: 503, name: "overloaded", title: "Too much is waiting to be stored.")
  package static let unavailable = ProblemType(
    status: 503, name: "unavailable", title: "The service can't take requests now.")
  package static let recovering = ProblemType(
    status: 503, name: "recovering", title: "The log is being read.")
  package static let draining = ProblemType(
    status: 503, name: "draining", title: "The service is shutting down.")
  package static let logDamaged = ProblemType(
    status: 503, name: "log-damaged", title: "The log is damaged; nothing new is taken.")
  package static let outcomeUnknown = ProblemType(
    status: 503, name: "outcome-unknown",
    title: "It is not known whether the message was stored.")
  package static let diskFull = ProblemType(
    status: 503, name: "disk-full", title: "The disk is full.")
  package static let versionNotSupported = ProblemType(
    status: 505, name: "http-version-not-supported", title: "The HTTP version is not supported.")
}

extension Problem {
  /// `retryAfter` in seconds; required with 503.
  package init(
    _ type: ProblemType, _ detail: String, errors: [FieldError] = [], retryAfter: Int? = nil
  ) {
    self.init(
      status: type.status, type: type.name, title: type.title, detail: detail, errors: errors,
      retryAfter: retryAfter)
  }
}
