import Delivery

/// Reads a posted message straight from its bytes.
package struct EnvelopeReader: Sendable {
  /// Says why messages to this host and port are refused; nil = they are not. Asked once per
  /// message, with the host in lower case, IPv6 in brackets. Must be quick: it runs on an event loop.
  package typealias Refusal = @Sendable (_ host: String, _ port: UInt16) -> String?

  package let limits: EnvelopeLimits
  private let refusal: Refusal

  package init(limits: EnvelopeLimits, refusal: @escaping Refusal = { _, _ in nil }) {
    self.limits = limits
    self.refusal = refusal
  }

  /// `idempotencyKey`: the value of the header field `Idempotency-Key`, if any. `now`: milliseconds
  /// since 1970, for the UUID that is made where none is given.
  ///
  /// Throws a 400 (`not-json`, `invalid-message`) or 413 (`body-too-large`).
  package func read(
    _ bytes: UnsafeRawBufferPointer, idempotencyKey: String?, now: UInt64,
    random: inout some RandomNumberGenerator
  ) throws(Problem) -> Message {
    throw Problem(.notJSON, "")
  }
}
