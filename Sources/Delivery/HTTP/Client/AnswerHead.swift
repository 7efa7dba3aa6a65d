import NIOHTTP1

/// An outcome on its way through AsyncHTTPClient, from the connection to the attempt. The client sees
/// nothing of an answer but this head, which is of our making.
enum AnswerHead {
  /// Names that no receiver's field can have here, since none of theirs come this way.
  private static let retryAfter = "Retry-After"
  private static let abort = "Abort-Message"
  private static let meaning = "Meaning"
  private static let doubt = "Doubt"

  static func make(_ answer: ResponseSummary, doubt: Doubt?) -> HTTPResponseHead {
    var fields: [(String, String)] = []
    if let value = answer.retryAfter { fields.append((retryAfter, value)) }
    if answer.abortMessage { fields.append((abort, "")) }
    if let value = answer.meaning { fields.append((meaning, value)) }
    if let doubt { fields.append((Self.doubt, String(doubt.outMs))) }
    return HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: Int(answer.status)),
      headers: HTTPHeaders(fields))
  }

  static func read(_ head: HTTPResponseHead) -> (answer: ResponseSummary, doubt: Doubt?) {
    let fields = head.headers
    let status = UInt16(clamping: head.status.code)
    if fields.isEmpty { return (ResponseSummary(status: status), nil) }
    let answer = ResponseSummary(
      status: status, retryAfter: fields.first(name: retryAfter),
      abortMessage: fields.contains(name: abort), meaning: fields.first(name: meaning))
    let outMs = fields.first(name: Self.doubt).flatMap { Int64($0) }
    return (answer, outMs.map { Doubt(outMs: $0) })
  }
}
