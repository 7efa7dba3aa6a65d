import Delivery
import Testing

@testable import Gateway

@Suite("Reading a message", .timeLimit(.minutes(5)))
struct MessageRouteTests {
  private let retrying = MessageStatus(
    ref: MessageRef(lane: 0, number: 7), uuid: "m-1", state: .retrying, url: "http://b/\"x\"",
    method: "POST", attempts: 3, lastStatus: 502, lastError: "bad gateway",
    nextAttemptAtMs: 1_795_507_200_123, acceptedAtMs: 951_782_400_000)

  @Test("what is known of a message is told, with times in UTC")
  func known() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.statuses["m-1"] = retrying }
      let answer = try #require(try await world.talk(get("/messages/m-1")).first)
      #expect(answer.status == 200)
      #expect(answer.field("Content-Type") == "application/json")
      #expect(
        answer.body
          == #"{"UUID":"m-1","State":"retrying","Url":"http://b/\"x\"","Method":"POST","Attempts":3,"#
          + #""LastStatus":502,"LastError":"bad gateway","NextAttemptAt":"2026-11-24T08:00:00.123Z","#
          + #""AcceptedAt":"2000-02-29T00:00:00.000Z"}"#)
    }
  }

  @Test("what is not known is null")
  func unknownParts() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.statuses["m-1"] = MessageStatus(
          ref: MessageRef(lane: 0, number: 7), uuid: "m-1", state: .delivered, url: nil,
          method: nil, attempts: 0, lastStatus: 0, lastError: "", nextAttemptAtMs: nil,
          acceptedAtMs: 0)
      }
      let answer = try #require(try await world.talk(get("/messages/m-1")).first)
      #expect(
        answer.body
          == #"{"UUID":"m-1","State":"delivered","Url":null,"Method":null,"Attempts":0,"#
          + #""LastStatus":null,"LastError":null,"NextAttemptAt":null,"AcceptedAt":null}"#)
    }
  }

  @Test("a message that waits for its destination is tried when that is called again")
  func waitsForItsDestination() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.statuses["m-1"] = retrying
        $0.statuses["m-1"]?.state = .ready
        $0.statuses["m-1"]?.nextAttemptAtMs = nil
        $0.statuses["m-1"]?.url = "http://b/x"
        $0.statuses["m-2"] = retrying
        $0.nextCallMs[Origin(normalised: "http://b:80")] = 1_795_507_200_000
      }
      let answers = try await world.talk(
        get("/messages/m-1") + get("/messages/m-2"), responses: 2)
      #expect(answers[0].body.contains(#""NextAttemptAt":"2026-11-24T08:00:00.000Z""#))
      #expect(answers[1].body.contains(#""NextAttemptAt":"2026-11-24T08:00:00.123Z""#))
    }
  }

  @Test("a message that is being sent is in flight, one that has ended is not")
  func inFlight() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.statuses["m-1"] = retrying
        $0.statuses["m-2"] = retrying
        $0.statuses["m-2"]?.state = .dead
        $0.inFlight = [retrying.ref]
      }
      let answers = try await world.talk(
        get("/messages/m-1") + get("/messages/m-2"), responses: 2)
      #expect(answers[0].body.contains(#""State":"inflight""#))
      #expect(answers[1].body.contains(#""State":"dead""#))
    }
  }

  @Test("an unknown UUID is 404, one of wrong form 400, both with a problem")
  func refused() async throws {
    try await World.run { world in
      let long = String(repeating: "a", count: 129)
      for (uuid, status, type) in [
        ("nobody", 404, "not-found"), ("a.b", 400, "invalid-uuid"), (long, 400, "invalid-uuid"),
        ("%C3%A4", 400, "invalid-uuid"), ("..", 400, "invalid-uuid"),
      ] {
        let answer = try #require(try await world.talk(get("/messages/\(uuid)")).first)
        #expect(answer.status == status)
        #expect(answer.field("Content-Type") == "application/problem+json")
        #expect(answer.body.contains(#""type":"\#(type)""#))
      }
    }
  }

  @Test("before recovery ends reads are refused with Retry-After")
  func recovering() async throws {
    try await World.run(state: nil) { world in
      let answer = try #require(try await world.talk(get("/messages/m-1")).first)
      #expect(answer.status == 503)
      #expect(answer.field("Retry-After") == "1")
    }
  }
}
