import Testing

@testable import Delivery

@Suite("The content hash") struct ContentHashTests {
  /// They stand in logs: a change of one of them makes a conflict out of every twin of an older
  /// message.
  @Test("has not changed since version 1")
  func golden() {
    #expect(MessageSamples.plain.contentHash == 0x32BA_CA0B_61BD_2774)
    #expect(MessageSamples.bare.contentHash == 0x403E_12E9_5419_4E4B)
    #expect(MessageSamples.full.contentHash == 0xA92A_00A7_641B_585E)
  }

  @Test("does not look at the UUID")
  func uuid() {
    var twin = MessageSamples.full
    twin.uuid = "other"
    #expect(twin.contentHash == MessageSamples.full.contentHash)
  }

  @Test("differs for every difference that a caller can make")
  func differences() {
    let changes: [(inout Message) -> Void] = [
      { _ in },
      { $0.url = "http://my-url/a" },
      { $0.method = "PUT" },
      { $0.body = Array("{ }".utf8) },
      { $0.body = [] },
      { $0.timeoutMs = 1001 },
      { $0.timeoutMs = 0 },
      { $0.headers = [] },
      { $0.headers[0].name = "content-type" },
      { $0.headers[0].value = "application/jsom" },
      { $0.headers[0] = HeaderField(name: "Content-Typea", value: "pplication/json") },
      { $0.headers.append(HeaderField(name: "", value: "")) },
      { $0.start = .delay(milliseconds: 0) },
      { $0.start = .delay(milliseconds: 1) },
      { $0.start = .notBefore(unixMs: 0) },
      { $0.start = .notBefore(unixMs: 1) },
      { $0.limits.maxAttempts = 0 },
      { $0.limits.maxAttempts = 1 },
      { $0.limits.maxAgeMs = 0 },
      { $0.limits.maxAgeMs = 1 },
      { $0.limits.scheduleMs = [] },
      { $0.limits.scheduleMs = [0] },
      { $0.limits.scheduleMs = [1] },
      { $0.limits.scheduleMs = [1, 0] },
    ]
    let hashes = changes.map { change in
      var message = MessageSamples.plain
      change(&message)
      return message.contentHash
    }
    #expect(Set(hashes).count == changes.count)
  }

  @Test("tells apart headers whose bytes run together to the same text")
  func borders() {
    var one = MessageSamples.bare
    var other = MessageSamples.bare
    one.headers = [HeaderField(name: "AB", value: "C"), HeaderField(name: "D", value: "")]
    other.headers = [HeaderField(name: "A", value: "BC"), HeaderField(name: "", value: "D")]
    #expect(one.contentHash != other.contentHash)
  }
}
