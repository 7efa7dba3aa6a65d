/// What an answer says, as far as it matters for its message.
package struct ResponseSummary: Sendable, Equatable {
  package var status: UInt16
  /// The value of `Retry-After` as it came, if any.
  package var retryAfter: String?
  /// `webhook-delivery: abort-message` stood in the answer.
  package var abortMessage: Bool
  /// What the answer means where that isn't what its status says, in a sentence.
  package var meaning: String?
  package init(
    status: UInt16, retryAfter: String? = nil, abortMessage: Bool = false, meaning: String? = nil
  ) {
    self.status = status
    self.retryAfter = retryAfter
    self.abortMessage = abortMessage
    self.meaning = meaning
  }
}
