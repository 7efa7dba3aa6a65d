@testable import Delivery

/// Messages for the tests of what is made from them.
enum MessageSamples {
  static let plain = Message(
    uuid: "2313a6a1-b522-4a32-81f8-58324925dea1", url: "http://my-url/",
    origin: Origin(normalised: "http://my-url:80"),
    headers: [HeaderField(name: "Content-Type", value: "application/json")],
    body: Array("{}".utf8), timeoutMs: 1000)

  static let bare = Message(
    uuid: "a", url: "https://b", origin: Origin(normalised: "https://b:443"), method: "GET")

  static let full = Message(
    uuid: "order_42", url: "https://b:8443/x?y=1", origin: Origin(normalised: "https://b:8443"),
    method: "PATCH",
    headers: [
      HeaderField(name: "X-Größe", value: "für alle"), HeaderField(name: "X-Empty", value: ""),
      HeaderField(name: "x-twice", value: "1"), HeaderField(name: "X-Twice", value: "2"),
    ],
    body: (0..<400).map { UInt8(truncatingIfNeeded: $0) }, timeoutMs: 900_000,
    start: .delay(milliseconds: 60_000),
    limits: RetryLimits(maxAttempts: 7, maxAgeMs: 0, scheduleMs: [1, 127, 128, 604_800_000]))

  static let all = [plain, bare, full]
}
