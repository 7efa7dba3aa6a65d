import NIOCore

/// One whole answer: everything that Dispatcher says fits in memory.
package struct Answer: Sendable {
  package var status: Int
  package var contentType: String?
  package var fields: [(name: String, value: String)]
  package var body: ByteBuffer

  package init(
    status: Int, contentType: String? = nil, fields: [(name: String, value: String)] = [],
    body: ByteBuffer = ByteBuffer()
  ) {
    self.status = status
    self.contentType = contentType
    self.fields = fields
    self.body = body
  }

  package init(_ problem: Problem, fields: [(name: String, value: String)] = []) {
    self.init(
      status: problem.status, contentType: Problem.contentType, fields: fields,
      body: ByteBuffer(bytes: problem.encode()))
    if let seconds = problem.retryAfter { self.fields.append(("Retry-After", String(seconds))) }
  }
}
