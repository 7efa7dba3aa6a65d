import NIOCore

/// One whole answer: everything that Dispatcher says fits in memory.
package struct Answer: Sendable {
  package var status: Int
  package var contentType: String?
  package var fields: [(name: String, value: String)]
  package var body: ByteBuffer
  /// The connection is closed after this answer, whatever the client would like.
  package var closes: Bool

  package init(
    status: Int, contentType: String? = nil, fields: [(name: String, value: String)] = [],
    body: ByteBuffer = ByteBuffer(), closes: Bool = false
  ) {
    self.status = status
    self.contentType = contentType
    self.fields = fields
    self.body = body
    self.closes = closes
  }

  package init(
    _ problem: Problem, fields: [(name: String, value: String)] = [], closes: Bool = false
  ) {
    self.init(
      status: problem.status, contentType: Problem.contentType, fields: fields,
      body: ByteBuffer(bytes: problem.encode()), closes: closes)
    if let seconds = problem.retryAfter { self.fields.append(("Retry-After", String(seconds))) }
  }

  package static func json(status: Int = 200, _ bytes: [UInt8]) -> Answer {
    Answer(status: status, contentType: "application/json", body: ByteBuffer(bytes: bytes))
  }
}
