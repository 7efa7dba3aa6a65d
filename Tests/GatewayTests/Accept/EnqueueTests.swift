import Delivery
import Testing

@testable import Gateway

@Suite("Posting messages", .timeLimit(.minutes(5)))
struct EnqueueTests {
  @Test("a message is answered 202 with its UUID, its place, and nothing else")
  func accepted() async throws {
    try await World.run { world in
      let answer = try #require(try await world.talk(post(envelope("m-1"))).first)
      #expect(answer.status == 202)
      #expect(answer.body == #"{"UUID":"m-1","Duplicate":false}"#)
      #expect(answer.field("Location") == "/messages/m-1")
      #expect(answer.field("Content-Type") == "application/json")
      #expect(answer.field("Date") == "Tue, 24 Nov 2026 08:00:00 GMT")
      #expect(answer.field("Connection") == nil)
      #expect(answer.field("Cache-Control") == "no-store")
      let message = try #require(world.store.message("m-1"))
      #expect(message.url == "http://my-url/")
      #expect(message.body == Array("{}".utf8))
    }
  }

  @Test("POST /messages is the same as POST /, with a query and in absolute form too")
  func bothPaths() async throws {
    try await World.run { world in
      for (index, path) in ["/messages", "/?x=1", "http://localhost/messages"].enumerated() {
        let answers = try await world.talk(post(envelope("m-\(index)"), path: path))
        #expect(answers.map(\.status) == [202])
      }
      #expect(world.store.stored == ["m-0", "m-1", "m-2"])
    }
  }

  @Test("nothing is answered before the store's commit")
  func waitsForCommit() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.holds = true }
      let client = try await RawClient.connect(world.main)
      try await client.send(post(envelope("m-1")) + get("/healthz"))
      // A request on another connection is answered meanwhile: the first one was read and waits.
      let other = try await world.talk(get("/healthz"))
      #expect(other.map(\.status) == [200])
      while world.store.state.withLock({ $0.held.isEmpty }) { await Task.yield() }
      #expect(try await client.received { _ in true }.isEmpty)
      world.store.commit()
      #expect(try await client.responses(2).map(\.status) == [202, 200])
    }
  }

  @Test("the same message again is a duplicate, another one under its UUID a conflict")
  func duplicates() async throws {
    try await World.run { world in
      let answers = try await world.talk(
        post(envelope("m-1")) + post(envelope("m-1")) + post(envelope("m-1", body: "other")),
        responses: 3)
      #expect(answers.map(\.status) == [202, 202, 409])
      #expect(answers[1].body == #"{"UUID":"m-1","Duplicate":true}"#)
      #expect(answers[2].body.contains(#""type":"uuid-conflict""#))
      #expect(answers[2].field("Content-Type") == "application/problem+json")
    }
  }

  @Test("a UUID is made where none is given, or taken from Idempotency-Key")
  func uuids() async throws {
    try await World.run { world in
      let body = #"{"Url":"http://my-url/"}"#
      let answers = try await world.talk(
        post(body) + post(body, fields: "Idempotency-Key: \"k-7\"\r\n"), responses: 2)
      #expect(answers.map(\.status) == [202, 202])
      #expect(answers[1].field("Location") == "/messages/k-7")
      #expect(world.store.stored.count == 2)
    }
  }

  @Test(
    "a missing or curl's own Content-Type is read as JSON, another one is refused",
    arguments: [
      ("", 202), ("Content-Type: application/x-www-form-urlencoded\r\n", 202),
      ("Content-Type: application/json; charset=utf-8\r\n", 202),
      ("content-type: APPLICATION/JSON;charset=\"UTF-8\"\r\n", 202),
      ("Content-Type: application/json; charset=utf8\r\n", 202),
      (
        "Content-Type: application/json; profile=\"a;charset=x\\\";\"; charset=\"u\\tf-8\"\r\n", 202
      ),
      ("Content-Type: application/cloudevents+json\r\n", 202),
      ("Content-Type: Application/Vnd.API+JSON ; charset=UTF8\r\n", 202),
      ("Content-Type: application/problem+json; charset=utf-16\r\n", 415),
      ("Content-Type: application/+json\r\n", 415), ("Content-Type: text/x+json\r\n", 415),
      ("Content-Type: application/json+x\r\n", 415),
      ("Content-Type: text/plain\r\n", 415), ("Content-Type: application/xml\r\n", 415),
      ("Content-Type: application/json; charset=latin1\r\n", 415),
      ("Content-Type: multipart/form-data; boundary=x\r\n", 415),
    ])
  func contentTypes(fields: String, status: Int) async throws {
    try await World.run { world in
      let answers = try await world.talk(post(envelope("m-1"), fields: fields))
      #expect(answers.map(\.status) == [status])
      #expect(world.store.stored.count == (status == 202 ? 1 : 0))
    }
  }

  @Test("a bad message is refused by field, and the connection is kept")
  func badMessage() async throws {
    try await World.run { world in
      let answers = try await world.talk(
        post(#"{"UUID":"m-1","Url":"http://my-url/","Timeout":-1}"#) + post("")
          + post(envelope("m-2")), responses: 3)
      #expect(answers.map(\.status) == [400, 400, 202])
      #expect(answers[0].body.contains(#""pointer":"/Timeout""#))
      #expect(world.store.stored == ["m-2"])
    }
  }

  @Test(
    "what the store can't take is answered with when to come again",
    arguments: [
      (StoreError.full(retryAfter: .seconds(2)), 503, "overloaded", "2"),
      (.diskFull(retryAfter: .milliseconds(1500)), 503, "disk-full", "2"),
      (.readOnly(reason: "run dispatcher repair"), 503, "log-damaged", "60"),
      (.unavailable(reason: "closing"), 503, "unavailable", "1"),
      (.outcomeUnknown, 503, "outcome-unknown", "1"),
    ])
  func storeErrors(error: StoreError, status: Int, type: String, retryAfter: String) async throws {
    try await World.run { world in
      world.store.state.withLock { $0.error = error }
      let answer = try #require(try await world.talk(post(envelope("m-1"))).first)
      #expect(answer.status == status)
      #expect(answer.body.contains(#""type":"\#(type)""#))
      #expect(answer.field("Retry-After") == retryAfter)
      if error == .outcomeUnknown { #expect(answer.body.contains("same UUID")) }
      if case .readOnly(let reason) = error { #expect(answer.body.contains(reason)) }
    }
  }

  @Test("before recovery ends messages are refused with Retry-After")
  func recovering() async throws {
    try await World.run(state: nil) { world in
      let answer = try #require(try await world.talk(post(envelope("m-1"))).first)
      #expect(answer.status == 503)
      #expect(answer.body.contains(#""type":"recovering""#))
      #expect(answer.field("Retry-After") == "1")
    }
  }

  @Test("with a damaged log messages are refused with the reason")
  func drainOnly() async throws {
    try await World.run(state: .drainOnly(reason: "wal-1.seg is damaged")) { world in
      let answer = try #require(try await world.talk(post(envelope("m-1"))).first)
      #expect(answer.status == 503)
      #expect(answer.body.contains(#""type":"log-damaged""#))
      #expect(answer.body.contains("wal-1.seg is damaged"))
      #expect(world.store.stored.isEmpty)
    }
  }
}
