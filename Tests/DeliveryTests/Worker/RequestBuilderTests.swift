import Testing

@testable import Delivery

@Suite("The request of an attempt")
struct RequestBuilderTests {
  private let builder = RequestBuilder(userAgent: "Dispatcher/9", defaultTimeout: .seconds(10))

  private func message(_ headers: [HeaderField] = [], timeoutMs: UInt32 = 0) -> Message {
    Message(
      uuid: "u-1", url: "http://b/x?y=%2F#z", origin: Origin(normalised: "http://b:80"),
      method: "PATCH", headers: headers, body: [0, 255, 10], timeoutMs: timeoutMs)
  }

  @Test("method, URL, body and headers go as they were given, ours come behind")
  func asGiven() {
    let own = [HeaderField(name: "x-LOWER-Upper", value: " a "), HeaderField(name: "A", value: "")]
    let request = builder.request(message(own), attempt: 3, nowMs: 1_790_000_000_999)
    #expect(request.url == "http://b/x?y=%2F#z")
    #expect(request.method == "PATCH")
    #expect(request.body == [0, 255, 10])
    #expect(
      request.headers == own + [
        HeaderField(name: "webhook-id", value: "u-1"),
        HeaderField(name: "webhook-timestamp", value: "1790000000"),
        HeaderField(name: "Dispatcher-Attempt", value: "3"),
        HeaderField(name: "Dispatcher-Instance", value: InstanceMark.own),
        HeaderField(name: "User-Agent", value: "Dispatcher/9"),
      ])
  }

  @Test("a header that the message sets is not set again, in whatever case")
  func notTwice() {
    let own = [
      HeaderField(name: "USER-agent", value: "mine"), HeaderField(name: "Webhook-Id", value: "7"),
    ]
    let request = builder.request(message(own), attempt: 1, nowMs: 0)
    #expect(
      request.headers.map(\.name) == [
        "USER-agent", "Webhook-Id", "webhook-timestamp", "Dispatcher-Attempt",
        "Dispatcher-Instance",
      ])
  }

  @Test("the timeout is the message's own, else the default")
  func timeout() {
    #expect(builder.request(message(), attempt: 1, nowMs: 0).timeout == .seconds(10))
    let own = builder.request(message(timeoutMs: 1500), attempt: 1, nowMs: 0)
    #expect(own.timeout == .milliseconds(1500))
    let bounded = RequestBuilder(
      userAgent: "Dispatcher/9", defaultTimeout: .seconds(10), maxTimeout: .seconds(60))
    let stored = bounded.request(message(timeoutMs: 900_000), attempt: 1, nowMs: 0)
    #expect(stored.timeout == .seconds(60))
  }
}
