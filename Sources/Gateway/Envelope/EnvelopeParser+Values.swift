import Delivery

/// The fields that hold a single value. The cursor stands on the value, which is not `null`.
extension EnvelopeParser {
  mutating func uuid() throws(JSONSyntaxError) {
    guard let token = try stringToken("UUID must be a string.") else { return }
    guard cursor.withBytes(token, MessageUUID.isValid) else {
      return refuse("UUID must be \(MessageUUID.rule).")
    }
    draft.uuid = cursor.copyText(token)
  }

  mutating func url() throws(JSONSyntaxError) {
    guard let token = try stringToken("Url must be a string.") else { return }
    guard token.count <= TargetURL.maxBytes else {
      return refuse("Url \(URLRefusal.tooLong(bytes: token.count)).")
    }
    let text = cursor.copyText(token)
    do {
      let url = try TargetURL(text)
      if let reason = refusal(url.host, url.port) {
        return refuse("Url leads to \(url.host), which is refused: \(reason).")
      }
      draft.url = text
      draft.origin = url.origin
      // A path that is empty is sent as "/".
      draft.targetBytes = url.target.count + 1
    } catch {
      refuse("Url \(error).")
    }
  }

  /// Methods are case-sensitive (RFC 9110 §9.1), and nearly no server knows "post": a known one is
  /// written as it is known, any other is kept as given.
  mutating func method() throws(JSONSyntaxError) {
    guard let token = try stringToken("Method must be a string.") else { return }
    let sentence: String? = cursor.withBytes(token) { name in
      guard HeaderRules.isToken(name), name.count <= EnvelopeLimits.maxMethodBytes else {
        return "Method must be the name of an HTTP method, such as POST."
      }
      // CONNECT asks for a tunnel; TRACE shows the request's headers to whoever answers.
      let isRefused = equalsIgnoringCase(name, "connect") || equalsIgnoringCase(name, "trace")
      return isRefused ? "Method must not be CONNECT or TRACE." : nil
    }
    if let sentence { return refuse(sentence) }
    draft.method =
      cursor.withBytes(token, HeaderRules.knownMethod) ?? cursor.copyText(token)
  }

  mutating func body() throws(JSONSyntaxError) {
    let token = try stringToken(
      "Body must be a string; JSON goes into it as text, other bytes go into BodyBase64.")
    guard let token else { return }
    checkBodySize(token.count, "Body")
    draft.body = token
  }

  mutating func bodyBase64() throws(JSONSyntaxError) {
    guard let token = try stringToken("BodyBase64 must be a string.") else { return }
    checkBodySize(cursor.withBytes(token, Base64.decodedCount), "BodyBase64")
    draft.bodyBase64 = token
  }

  private mutating func checkBodySize(_ count: Int, _ name: String) {
    guard count > limits.maxBodyBytes else { return }
    errors.addBodyTooLarge(
      path.pointer(in: cursor),
      "\(name) has \(count) bytes; at most \(limits.maxBodyBytes) are allowed.")
  }

  mutating func timeout() throws(JSONSyntaxError) {
    let value = try integer(
      "Timeout", unit: "milliseconds", in: 0...limits.maxTimeoutMs)
    draft.timeoutMs = UInt32(value ?? 0)
  }

  mutating func delay() throws(JSONSyntaxError) {
    draft.delayMs = try integer("Delay", unit: "milliseconds", in: 0...EnvelopeLimits.maxWaitMs)
  }

  mutating func notBefore() throws(JSONSyntaxError) {
    let sentence =
      "NotBefore must be a time with its offset as in RFC 3339, such as 2026-11-24T08:00:00Z."
    guard let token = try stringToken(sentence) else { return }
    guard let unixMs = cursor.withBytes(token, RFC3339.unixMs) else { return refuse(sentence) }
    draft.notBeforeMs = unixMs
  }

  /// nil: it was refused.
  mutating func stringToken(
    _ sentence: @autoclosure () -> String
  ) throws(JSONSyntaxError) -> JSONString? {
    if cursor.kind == .string { return try cursor.string() }
    try refuseType(sentence())
    return nil
  }

  /// nil: it was refused.
  mutating func integer(
    _ name: String, unit: String, in range: ClosedRange<UInt64>
  ) throws(JSONSyntaxError) -> UInt64? {
    if cursor.kind == .number {
      if case .integer(let value) = try cursor.number(), range.contains(value) { return value }
    } else {
      try cursor.skipValue()
    }
    let unit = unit.isEmpty ? "" : " of \(unit)"
    refuse(
      "\(name) must be a whole number\(unit) from \(range.lowerBound) to \(range.upperBound).")
    return nil
  }
}
