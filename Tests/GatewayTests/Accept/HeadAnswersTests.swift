import Delivery
import SegmentLog
import Testing

@testable import Gateway

@Suite("What the head alone decides", .timeLimit(.minutes(5)))
struct HeadAnswersTests {
  /// A head whose client waits to be invited, or sends on: in both cases its body is not there.
  private func head(_ line: String, fields: String = "", expects: Bool) -> String {
    "\(line) HTTP/1.1\r\nHost: localhost\r\n\(fields)Content-Length: 100\r\n"
      + (expects ? "Expect: 100-continue\r\n" : "") + "\r\n"
  }

  private func expect(
    _ status: Int, _ line: String, fields: String = "", admin: Bool = false, in world: World
  ) async throws {
    for expects in [true, false] {
      let client = try await RawClient.connect(admin ? world.admin : world.main)
      try await client.send(head(line, fields: fields, expects: expects))
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [status])
      #expect(answers.last?.field("Connection") == "close")
    }
  }

  @Test("wrong paths, methods, types and codings are answered before the body")
  func request() async throws {
    try await World.run { world in
      try await expect(404, "POST /nowhere", in: world)
      try await expect(405, "PUT /", in: world)
      try await expect(415, "POST /", fields: "Content-Type: text/plain\r\n", in: world)
      try await expect(415, "POST /messages", fields: "Content-Encoding: br\r\n", in: world)
      try await expect(204, "OPTIONS /", in: world)
      #expect(world.server.counters.enqueueAnswers().contains { $0 == (415, 4) })
    }
  }

  @Test("who may not come in is told before the body")
  func gate() async throws {
    try await World.run(adminToken: "s3cret") { world in
      try await expect(401, "POST /", admin: true, in: world)
      try await expect(
        403, "POST /", fields: "Origin: http://evil.example\r\n", admin: true, in: world)
    }
  }

  @Test("a service that takes nothing says so before the body")
  func states() async throws {
    try await World.run(state: nil) { try await expect(503, "POST /", in: $0) }
    try await World.run(state: .drainOnly(reason: "damaged")) {
      try await expect(503, "POST /", in: $0)
    }
    try await World.run(state: .draining) {
      try await expect(503, "POST /", in: $0)
      try await expect(503, "POST /nowhere", in: $0)
    }
    try await World.run { world in
      world.store.state.withLock { $0.log.space = .low }
      try await expect(503, "POST /", in: world)
    }
  }
}
