/// Makes the request of an attempt: the message's own method, headers and body, and what Dispatcher
/// adds for the receiver. A header that the message sets itself is never overridden or doubled.
/// (The place for signatures and for the previous status.)
struct RequestBuilder: Sendable {
  let userAgent: String
  let defaultTimeout: Duration
  /// Messages that were stored under a larger limit have this timeout.
  var maxTimeout: Duration = .seconds(900)

  /// - Parameters:
  ///   - attempt: which attempt it is, the first is 1.
  ///   - nowMs: the wall clock, for `webhook-timestamp`.
  func request(_ message: Message, attempt: UInt32, nowMs: UInt64) -> OutboundRequest {
    var headers = message.headers
    headers.reserveCapacity(headers.count + 5)
    func add(_ name: String, _ value: @autoclosure () -> String) {
      if message.headers.contains(where: { $0.name.equalsIgnoringCase(name) }) { return }
      headers.append(HeaderField(name: name, value: value()))
    }
    add("webhook-id", message.uuid)
    add("webhook-timestamp", String(nowMs / 1000))
    add("Dispatcher-Attempt", String(attempt))
    add(InstanceMark.header, InstanceMark.own)
    add("User-Agent", userAgent)
    return OutboundRequest(
      url: message.url, origin: message.origin, method: message.method, headers: headers,
      body: message.body,
      timeout: message.timeoutMs == 0
        ? defaultTimeout : min(.milliseconds(Int64(message.timeoutMs)), maxTimeout))
  }
}

extension String {
  /// For header names, which are ASCII.
  fileprivate func equalsIgnoringCase(_ other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    return zip(utf8, other.utf8).allSatisfy { $0.lowered == $1.lowered }
  }
}

extension UInt8 {
  fileprivate var lowered: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}
