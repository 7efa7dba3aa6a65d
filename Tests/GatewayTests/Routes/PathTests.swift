import Testing

@testable import Gateway

@Suite("Paths and methods", .timeLimit(.minutes(5)))
struct PathTests {
  @Test(
    "another method on a known path is 405 with Allow",
    arguments: [
      ("GET", "/", "OPTIONS, POST"), ("DELETE", "/", "OPTIONS, POST"),
      ("GET", "/messages", "OPTIONS, POST"), ("PUT", "/messages/m-1", "GET, HEAD, OPTIONS"),
      ("POST", "/healthz", "GET, HEAD, OPTIONS"), ("BREW", "/", "OPTIONS, POST"),
    ])
  func notAllowed(method: String, path: String, allow: String) async throws {
    try await World.run { world in
      let answer = try #require(try await world.talk(get(path, method: method)).first)
      #expect(answer.status == 405)
      #expect(answer.field("Allow") == allow)
      #expect(answer.field("Content-Type") == "application/problem+json")
    }
  }

  @Test(
    "OPTIONS is answered 204 with what there is to do, in every state",
    arguments: [
      ("/", "OPTIONS, POST"), ("/messages", "OPTIONS, POST"), ("/readyz", "GET, HEAD, OPTIONS"),
      ("/messages/m-1", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, OPTIONS, POST"),
    ])
  func options(path: String, allow: String) async throws {
    for state in [ServiceState.serving, .drainOnly(reason: "damaged"), nil] {
      try await World.run(state: state) { (world) async throws -> Void in
        let answer = try #require(try await world.talk(get(path, method: "OPTIONS")).first)
        #expect(answer.status == 204)
        #expect(answer.field("Allow") == allow)
        #expect(answer.field("Content-Length") == nil)
        // As HAProxy's plain check asks.
        let check = try await world.talk("OPTIONS \(path) HTTP/1.0\r\n\r\n")
        #expect(check.map(\.status) == [204])
      }
    }
  }

  @Test("HEAD is answered like GET, without the body")
  func head() async throws {
    try await World.run { world in
      let client = try await RawClient.connect(world.main)
      try await client.send(
        get("/healthz", method: "HEAD") + get("/", method: "HEAD")
          + get("/healthz", fields: "Connection: close\r\n"))
      let text = try await client.receivedUntilClose()
      let heads = text.components(separatedBy: "\r\n\r\n")
      try #require(heads.count == 4)
      #expect(heads[0].hasPrefix("HTTP/1.1 200 OK"))
      #expect(heads[0].contains("Content-Length: 19"))
      #expect(heads[1].hasPrefix("HTTP/1.1 405"))
      #expect(heads[1].contains("Allow: OPTIONS, POST"))
      #expect(heads[3] == #"{"State":"serving"}"#)
    }
  }

  @Test(
    "unknown paths are 404 with a problem",
    arguments: [
      ("GET", "/nowhere"), ("POST", "/nowhere"), ("GET", "/messages/"), ("POST", "/messages/"),
      ("GET", "//"), ("GET", "/messages//m-1"), ("GET", "/messages/m-1/more"), ("GET", "/Healthz"),
      ("GET", "/metrics"), ("GET", "/log"), ("POST", "/log/compact"), ("OPTIONS", "/nowhere"),
    ])
  func notFound(method: String, path: String) async throws {
    try await World.run { world in
      let answer = try #require(try await world.talk(get(path, method: method)).first)
      #expect(answer.status == 404)
      #expect(answer.body.contains(#""type":"not-found""#))
    }
  }

  @Test("a body on another route is read past, and the connection goes on")
  func bodies() async throws {
    try await World.run { world in
      let answers = try await world.talk(
        post("x=1", path: "/nowhere") + get("/healthz"), responses: 2)
      #expect(answers.map(\.status) == [404, 200])
    }
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
