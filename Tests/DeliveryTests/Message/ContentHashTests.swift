import Testing

@testable import Delivery

@Suite("The content hash") struct ContentHashTests {
  /// They stand in logs: a change of one of them makes a conflict out of every twin of an older
  /// message.
  @Test("has not changed since version 1")
  func golden() {
    #expect(MessageSamples.plain.contentHash == 0xB83C_5B3F_E862_257F)
    #expect(MessageSamples.bare.contentHash == 0x388E_D99C_F22A_67C2)
    #expect(MessageSamples.full.contentHash == 0x2858_7CA0_5C8C_E46A)
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
      { $0.url = "http://my-url/A" },
      { $0.url = "http://my-url" },
      { $0.url = "https://my-url/" },
      { $0.method = "post" },
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

  @Test("is the same for headers in another order and names in another case")
  func headerSpelling() {
    func hash(_ headers: [(String, String)]) -> UInt64 {
      var message = MessageSamples.bare
      message.headers = headers.map { HeaderField(name: $0.0, value: $0.1) }
      return message.contentHash
    }
    let hashes = [
      hash([("Content-Type", "a"), ("X-B", "1"), ("X-B", "2"), ("X-Ab", "3")]),
      hash([("X-B", "1"), ("X-Ab", "3"), ("X-B", "2"), ("Content-Type", "a")]),
      hash([("x-ab", "3"), ("x-b", "1"), ("CONTENT-TYPE", "a"), ("X-b", "2")]),
    ]
    #expect(Set(hashes).count == 1)
    #expect(hash([("Content-Type", "a"), ("X-B", "2"), ("X-B", "1"), ("X-Ab", "3")]) != hashes[0])
    #expect(hash([("Content-Type", "A"), ("X-B", "1"), ("X-B", "2"), ("X-Ab", "3")]) != hashes[0])
    #expect(hash([("X-A", "1"), ("X-B", "2")]) != hash([("X-A", "2"), ("X-B", "1")]))
  }

  @Test(
    "takes scheme and host of a URL in whatever case, and nothing behind them",
    arguments: [
      ("HTTP://A.Example:80/Path?Q", "http://a.example:80/Path?Q", true),
      ("http://A", "http://a", true), ("http://A?Q", "http://a?Q", true),
      ("http://A#F", "http://a#F", true), ("http://[::A]/", "http://[::a]/", true),
      ("http://a/Path", "http://a/path", false), ("http://a?Q", "http://a?q", false),
      ("http://a/?u=http://B/", "http://a/?u=http://b/", false), ("http://a", "http://a/", false),
      ("http://a#F", "http://a#f", false),
    ])
  func urlSpelling(one: String, other: String, isSame: Bool) {
    var (first, second) = (MessageSamples.bare, MessageSamples.bare)
    first.url = one
    second.url = other
    #expect((first.contentHash == second.contentHash) == isSame)
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
