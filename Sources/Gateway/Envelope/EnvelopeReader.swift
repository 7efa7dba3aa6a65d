import Delivery

/// Reads a posted message straight from its bytes: strict JSON (RFC 8259) and UTF-8, no tree in
/// between, everything that is wrong with it named by field.
package struct EnvelopeReader: Sendable {
  /// Says why messages to this host and port are refused, going on after "which is refused: ";
  /// nil = they are not. The host is in lower case, numeric ones in canonical form, IPv6 in
  /// brackets. Must be quick: it is asked for every message, on an event loop.
  package typealias Refusal = @Sendable (_ host: String, _ port: Int) -> String?

  package let limits: EnvelopeLimits
  private let refusal: Refusal

  package init(
    limits: EnvelopeLimits = EnvelopeLimits(), refusal: @escaping Refusal = { _, _ in nil }
  ) {
    self.limits = limits
    self.refusal = refusal
  }

  /// `idempotencyKey`: the UUID that the header field `Idempotency-Key` stands for, if any; looked at
  /// only where the envelope has no UUID. `now`: milliseconds since 1970, for the UUID that is made where none
  /// is given.
  ///
  /// Throws a 400 (`not-json` or `invalid-message`) or a 413 (`body-too-large`).
  package func read(
    _ bytes: UnsafeRawBufferPointer, idempotencyKey: String?, now: UInt64,
    random: inout some RandomNumberGenerator
  ) throws(Problem) -> Message {
    guard bytes.count <= limits.maxEnvelopeBytes else { throw tooLarge }
    var parser = EnvelopeParser(bytes, limits: limits, refusal: refusal)
    do {
      try parser.parse()
    } catch {
      let pointer = parser.path.pointer(in: parser.cursor)
      throw Problem(
        .notJSON, error.sentence,
        errors: [Problem.FieldError(pointer: pointer, detail: error.sentence)])
    }
    let givenUUID = parser.takeUUID(idempotencyKey: idempotencyKey)
    let body = parser.takeBody()
    guard parser.errors.isEmpty, let url = parser.draft.url, let origin = parser.draft.origin else {
      throw parser.errors.problem()
    }
    let draft = parser.draft
    return Message(
      uuid: givenUUID ?? MessageUUID.makeV7(nowMs: now, random: &random), url: url,
      origin: origin, method: draft.method, headers: draft.headers, body: body,
      timeoutMs: draft.timeoutMs, start: draft.start, limits: draft.limits)
  }

  /// For an envelope that is refused for its size alone.
  package var tooLarge: Problem {
    let sentence =
      "A message can have at most \(limits.maxBodyBytes) bytes in its body, and "
      + "\(limits.maxEnvelopeBytes) as JSON; this request has more."
    return Problem(
      .bodyTooLarge, sentence, errors: [Problem.FieldError(pointer: "", detail: sentence)])
  }
}

extension EnvelopeParser.Draft {
  /// A delay of 0 is none.
  fileprivate var start: Message.Start {
    if let notBeforeMs { return .notBefore(unixMs: notBeforeMs) }
    if let delayMs, delayMs > 0 { return .delay(milliseconds: delayMs) }
    return .atOnce
  }
}

extension EnvelopeParser {
  /// The caller's UUID, from the envelope or else from the header field.
  fileprivate mutating func takeUUID(idempotencyKey: String?) -> String? {
    guard let idempotencyKey, !draft.given.contains(.uuid) else { return draft.uuid }
    let key = MessageUUID.isValid(idempotencyKey) ? idempotencyKey : nil
    if key == nil {
      errors.add("/UUID", "Idempotency-Key must be one or more printable characters.")
    }
    return key
  }

  /// The body's bytes, copied only when nothing else is wrong.
  fileprivate mutating func takeBody() -> [UInt8] {
    if let token = draft.body, errors.isEmpty { return cursor.copyBytes(token) }
    guard let token = draft.bodyBase64, !errors.isBodyTooLarge else { return [] }
    switch cursor.withBytes(token, Base64.decode) {
    case .success(let bytes):
      return bytes
    case .failure(let failure):
      errors.add("/BodyBase64", "BodyBase64 \(failure.sentence).")
      return []
    }
  }
}
