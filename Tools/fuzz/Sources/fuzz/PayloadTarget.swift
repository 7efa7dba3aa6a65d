import Delivery

/// A message's payload as it stands in the log. What is accepted is the same when it is written and
/// read again.
enum PayloadTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard let message = decode(Array(bytes)) else { return }
    precondition(decode(MessagePayload.encode(message)) == message)
    precondition((try? MessagePayload.summary(of: bytes)) != nil)
  }

  private static func decode(_ payload: [UInt8]) -> Message? {
    guard let origin = try? TargetURL("http://a/").origin else { return nil }
    return try? MessagePayload.decode(
      payload, uuid: "u", origin: origin, start: .atOnce, maxAgeMs: nil, maxAttempts: nil)
  }
}
