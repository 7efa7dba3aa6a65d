import Delivery
import NIOCore
import Testing

@testable import Gateway

@Suite("Too much at once", .timeLimit(.minutes(5)))
struct BackpressureTests {
  @Test("what finds the store full waits in order and is stored when there is room")
  func keptUntilRoom() async throws {
    try await World.run { world in
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
      $0.receiveBudget = 70_000
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
}
