/// `Retry-After` (RFC 9110 §10.2.3): seconds, or the date until which to wait.
package enum RetryAfter {
  /// The wait it asks for, never negative; nil when the value is neither form. What is too large to
  /// be meant is clamped, not refused: callers cap it anyway.
  package static func wait(_ value: String, nowMs: UInt64) -> Duration? {
    let text = value.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    let trimmed = String(text)
    if let seconds = deltaSeconds(trimmed) { return .seconds(seconds) }
    guard let date = HTTPDate.parse(trimmed, nowMs: nowMs) else { return nil }
    return date > nowMs ? .clamped(milliseconds: date - nowMs) : .zero
  }

  private static func isBlank(_ character: Character) -> Bool {
    character == " " || character == "\t"
  }

  /// At most a billion (31 years), so that sums can't overflow.
  private static func deltaSeconds(_ text: String) -> Int64? {
    guard !text.isEmpty, text.utf8.count <= 1024 else { return nil }
    var seconds: Int64 = 0
    for byte in text.utf8 {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      seconds = min(seconds * 10 + Int64(byte - UInt8(ascii: "0")), 1_000_000_000)
    }
    return seconds
  }
}
