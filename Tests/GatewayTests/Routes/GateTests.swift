import Testing

@testable import Gateway

@Suite("The gate of the callers' listener", .timeLimit(.minutes(5)))
struct GateTests {
  /// What a page may send through its visitor's browser without asking.
  static let types = [
    "", "Content-Type: application/x-www-form-urlencoded\r\n",
    "Content-Type: text/plain;charset=UTF-8\r\n", "Content-Type: application/json\r\n",
  ]

  @Test(
    "another web page posts nothing, whatever type it says, on neither listener",
    arguments: [
      "Origin: http://evil.example", "Origin: null", "Origin:", "Origin: http://localhost:81",
      "Sec-Fetch-Site: cross-site", "sec-fetch-site: Same-Site", "Sec-Fetch-Site: anything",
      "Origin: http://localhost\r\nSec-Fetch-Site: cross-site",
      "Origin: http://localhost\r\nOrigin: http://evil.example",
    ])
  func pages(fields: String) async throws {
    try await World.run { world in
      for (type, admin) in zip(
        Self.types + Self.types, [true, false, true, false, false, true, false, true])
      {
        let request = post(envelope("m-1"), fields: type + fields + "\r\n")
        let answer = try #require(try await world.talk(request, admin: admin).first)
        #expect(answer.status == 403)
        #expect(answer.body.contains(#""type":"forbidden-origin""#))
      }
      #expect(world.store.stored.isEmpty)
    }
  }

  @Test(
    "its own pages, people and programs come in",
    arguments: [
      "", "Origin: http://localhost", "Origin: https://LOCALHOST", "Sec-Fetch-Site: none",
      "Origin: http://localhost\r\nSec-Fetch-Site: same-origin",
    ])
  func own(fields: String) async throws {
    try await World.run { world in
      let line = fields.isEmpty ? "" : fields + "\r\n"
      // As curl says it.
      let form = "Content-Type: application/x-www-form-urlencoded\r\n"
      let answers = try await world.talk(post(envelope("m-1"), fields: form + line))
      #expect(answers.map(\.status) == [202])
    }
  }

  @Test("what changes nothing is answered to pages, too")
  func reading() async throws {
    try await World.run { (world) async throws -> Void in
      let page = "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n"
      let answers = try await world.talk(
        get("/healthz", fields: page) + get("/messages/m-1", fields: page)
          + get("/", fields: page, method: "OPTIONS"), responses: 3)
      #expect(answers.map(\.status) == [200, 404, 204])
    }
  }

  @Test(
    "on a loopback address a name that somebody may have bound to it is refused",
    arguments: [
      ("localhost:8080", 202), ("127.0.0.1", 202), ("[::1]:8080", 202), ("dispatcher", 202),
      ("evil.example", 421), ("evil.example.:8080", 421), ("127.0.0.1.evil.example", 421),
      ("", 421),
    ])
  func hosts(host: String, status: Int) async throws {
    try await World.run { (world) async throws -> Void in
      #expect(try await world.talk(post(envelope("m-1"), host: host)).map(\.status) == [status])
      let health = "GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n"
      let read = "GET /messages/m-1 HTTP/1.1\r\nHost: \(host)\r\n\r\n"
      let answers = try await world.talk(health + read, responses: 2)
      #expect(answers.map(\.status) == [200, status == 202 ? 404 : 421])
    }
    // A load balancer calls it by a name of its own; a page does not know the token.
    let fields = "Authorization: Bearer s3cret\r\n"
    try await World.run(takesAnyHost: true) { (world) async throws -> Void in
      #expect(try await world.talk(post(envelope("m-1"), host: host)).map(\.status) == [202])
    }
    try await World.run(token: "s3cret") { (world) async throws -> Void in
      let answers = try await world.talk(post(envelope("m-1"), fields: fields, host: host))
      #expect(answers.map(\.status) == [202])
    }
  }

  @Test("on a kept connection every new name is looked at")
  func nextName() async throws {
    try await World.run { (world) async throws -> Void in
      let answers = try await world.talk(
        post(envelope("m-1")) + post(envelope("m-2"), host: "evil.example") + post(envelope("m-3")),
        responses: 3)
      #expect(answers.map(\.status) == [202, 421, 202])
      #expect(world.store.stored == ["m-1", "m-3"])
    }
  }

  @Test("with a token everything but the probes asks for it")
  func token() async throws {
    try await World.run(token: "s3cret") { world in
      for request in [post(envelope("m-1")), get("/messages/m-1"), get("/", method: "OPTIONS")] {
        let answer = try #require(try await world.talk(request).first)
        #expect(answer.status == 401)
        #expect(answer.field("WWW-Authenticate") == #"Bearer realm="dispatcher""#)
      }
      let right = "Authorization: Bearer s3cret\r\n"
      let answers = try await world.talk(
        get("/healthz") + get("/readyz") + post(envelope("m-1"), fields: right), responses: 3)
      #expect(answers.map(\.status) == [200, 200, 202])
      // The operator's listener has a token of its own, or none.
      #expect(try await world.talk(get("/log"), admin: true).map(\.status) == [200])
    }
  }
}
