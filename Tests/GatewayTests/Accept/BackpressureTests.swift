import Delivery
import NIOCore
import Testing

@testable import Gateway

@Suite("Too much at once", .timeLimit(.minutes(5)))
struct BackpressureTests {
  @Test("what finds the store full waits in order and is stored when there is room")
  func keptUntilRoom() async throws {
    try await World.run {
      $0.roomTimeout = .seconds(240)
    } _: { world in
      world.store.state.withLock { $0.isFull = true }
      var clients: [RawClient] = []
      for index in 0..<5 {
        let client = try await RawClient.connect(world.main)
        try await client.send(post(envelope("m-\(index)")) + get("/healthz"))
        clients.append(client)
      }
      while world.server.budgetBytes < 5 * 1024 { await Task.yield() }
      #expect(world.store.stored.isEmpty)
      world.store.makeRoom()
      for client in clients {
        #expect(try await client.responses(2).map(\.status) == [202, 200])
        await client.close()
      }
      #expect(Set(world.store.stored) == Set((0..<5).map { "m-\($0)" }))
      #expect(world.server.budgetBytes == 0)
    }
  }

  @Test("after its time for room a message is refused with Retry-After, and the connection kept")
  func noRoomInTime() async throws {
    try await World.run {
      $0.roomTimeout = .milliseconds(50)
    } _: { world in
      world.store.state.withLock { $0.isFull = true }
      let client = try await RawClient.connect(world.main)
      try await client.send(post(envelope("m-1")) + get("/healthz"))
      let answers = try await client.responses(2)
      #expect(answers.map(\.status) == [503, 200])
      #expect(answers[0].field("Retry-After") == "1")
      #expect(answers[0].body.contains(#""type":"overloaded""#))
      #expect(answers[0].field("Connection") == nil)
      #expect(world.server.budgetBytes == 0)
      world.store.makeRoom()
      #expect(world.store.stored.isEmpty)
      await client.close()
    }
  }

  @Test("a message whose client broke off while it waited for room is not stored")
  func leftWhileWaiting() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.isFull = true }
      let client = try await RawClient.connect(world.main)
      try await client.send(post(envelope("m-1")))
      while world.server.budgetBytes == 0 { await Task.yield() }
      try await client.reset()
      while world.server.counters.connections > 0 { await Task.yield() }
      world.store.makeRoom()
      while world.server.budgetBytes > 0 { await Task.yield() }
      #expect(world.store.stored.isEmpty)
    }
  }

  @Test("when there is no room to wait in either, the refusal comes at once")
  func noRoomToWait() async throws {
    try await World.run {
      $0.receiveBudget = 100
    } _: { world in
      world.store.state.withLock { $0.isFull = true }
      let answer = try #require(try await world.talk(post(envelope("m-1"))).first)
      #expect(answer.status == 503)
      #expect(answer.field("Retry-After") == "1")
    }
  }

  @Test("bodies beyond the budget wait unread, and go on when another is done")
  func receiveBudget() async throws {
    try await World.run(maxBody: 1 << 20) {
      // A quarter is for small requests: the buffers of one of these, and no second one.
      $0.receiveBudget = 4 * 100_000
      $0.receivePatience = .seconds(240)
      $0.roomTimeout = .seconds(240)
    } _: { world in
      let body = envelope("m-1", body: String(repeating: "b", count: 50_000))
      let first = try await RawClient.connect(world.main)
      try await first.send(String(post(body).dropLast(10)))
      while world.server.budgetBytes < 49_000 { await Task.yield() }
      let second = try await RawClient.connect(world.main)
      let other = envelope("m-2", body: String(repeating: "c", count: 50_000))
      let sending = Task { try await second.send(String(post(other))) }
      // The second one's bytes find no room; the first is finished and makes some.
      try await first.send(String(body.suffix(10)))
      #expect(try await first.responses(1).map(\.status) == [202])
      #expect(try await second.responses(1).map(\.status) == [202])
      try await sending.value
      #expect(world.server.budgetBytes == 0)
      await first.close()
      await second.close()
    }
  }

  @Test("a body that finds no room in time is refused with Retry-After")
  func receiveBudgetExhausted() async throws {
    try await World.run(maxBody: 1 << 20) {
      $0.receiveBudget = 1000
      $0.roomTimeout = .milliseconds(50)
    } _: { world in
      let client = try await RawClient.connect(world.main)
      let body = envelope("m-1", body: String(repeating: "b", count: 50_000))
      try await client.send(String(post(body).dropLast(10)))
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [503])
      #expect(answers[0].field("Retry-After") == "1")
      #expect(world.server.budgetBytes == 0)
    }
  }

  @Test("a client that leaves in the middle of its body gives its share back")
  func leftWithinBody() async throws {
    try await World.run(maxBody: 1 << 20) { world in
      let client = try await RawClient.connect(world.main)
      let body = envelope("m-1", body: String(repeating: "b", count: 50_000))
      try await client.send(String(post(body).dropLast(10)))
      while world.server.budgetBytes == 0 { await Task.yield() }
      await client.close()
      while world.server.budgetBytes > 0 { await Task.yield() }
    }
  }

  /// Sends all of a message but its last ten bytes.
  private func begin(_ body: String, in world: World) async throws -> RawClient {
    let client = try await RawClient.connect(world.main)
    try await client.send(String(post(body).dropLast(10)))
    return client
  }

  @Test("slow callers with large requests lock out neither small nor large ones")
  func slowCallers() async throws {
    try await World.run(maxBody: 1 << 17) {
      $0.receiveBudget = 4 << 20
      $0.receivePatience = .milliseconds(50)
      $0.roomTimeout = .seconds(240)
    } _: { world in
      var slow: [RawClient] = []
      for index in 0..<8 {
        let spaces = String(repeating: " ", count: 500_000)
        slow.append(try await begin("{\(spaces)\"UUID\":\"slow-\(index)\"}", in: world))
      }
      while world.server.budgetBytes < 1 << 20 { await Task.yield() }

      let small = envelope("small", body: String(repeating: "b", count: 30_000))
      let first = try await begin(small, in: world)
      try await first.send(String(small.suffix(10)))
      #expect(try await first.responses(1).map(\.status) == [202])

      let large = envelope("large", body: String(repeating: "b", count: 100_000))
      let second = try await begin(large, in: world)
      try await second.send(String(large.suffix(10)))
      #expect(try await second.responses(1).map(\.status) == [202])
      #expect(world.store.stored == ["small", "large"])

      // It was one of the slow ones who paid.
      let answers = RawResponse.parse(try await slow[0].receivedUntilClose())
      #expect(answers.map(\.status) == [503])
      #expect(answers[0].field("Retry-After") == "1")
      for client in slow + [first, second] { await client.close() }
    }
  }

  @Test("nobody is invited to send what there is no room for")
  func noInvitation() async throws {
    try await World.run(maxBody: 1 << 20) {
      $0.receiveBudget = 1000
      $0.receivePatience = .seconds(240)
      $0.roomTimeout = .seconds(240)
    } _: { world in
      let waiting = try await begin(
        envelope("m-1", body: String(repeating: "b", count: 50_000)), in: world)
      while !world.server.lacksRoom { await Task.yield() }
      let client = try await RawClient.connect(world.main)
      try await client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
      #expect(RawResponse.parse(try await client.receivedUntilClose()).map(\.status) == [503])
      await waiting.close()
    }
  }
}
