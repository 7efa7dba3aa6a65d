/// An error answer: `application/problem+json` (RFC 9457) with a stable `type`.
package struct Problem: Error, Sendable, Equatable {
  /// HTTP status.
  package var status: Int
  /// The `type`, stable for ever and written as it stands: `invalid-message`, `not-json` …
  package var type: String
  /// A short sentence, the same for every problem of this type.
  package var title: String
  /// What is wrong here, in one sentence.
  package var detail: String
  /// What is wrong with which field.
  package var errors: [FieldError]
  /// Seconds, for `Retry-After`; required with 503.
  package var retryAfter: Int?

  package init(
    status: Int, type: String, title: String, detail: String, errors: [FieldError] = [],
    retryAfter: Int? = nil
  ) {
    self.status = status
    self.type = type
    self.title = title
    self.detail = detail
    self.errors = errors
    self.retryAfter = retryAfter
  }

  package struct FieldError: Sendable, Equatable {
    /// JSON Pointer (RFC 6901), such as `/Timeout` or `/Header/X-A`; empty for the whole body.
    package var pointer: String
    package var detail: String
    package init(pointer: String, detail: String) {
      self.pointer = pointer
      self.detail = detail
    }
  }
}
