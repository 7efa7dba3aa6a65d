import Delivery
import Testing

@Suite("A message store, accepting")
struct StoreAcceptingTests {
  @Test("a new message is stored under the next number", arguments: StoreKind.allCases)
  func stores(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let answers = try await store.enqueue([message("a"), message("b")])
      #expect(answers == [.stored(ref(1)), .stored(ref(2))])
      #expect(try await store.enqueue([message("c")]) == [.stored(ref(3))])
      #expect(await store.counts() == StoreCounts(accepted: 3, pending: 3))
      await store.close()
    }
  }

  @Test("the same UUID is a duplicate or a conflict", arguments: StoreKind.allCases)
  func duplicates(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      _ = try await store.add(message("a"), message("b"))
      #expect(try await store.enqueue([message("b")]) == [.duplicate(ref(2))])
      #expect(try await store.enqueue([message("b", body: "[]")]) == [.conflict])
      #expect(
        try await store.enqueue([message("b", start: .delay(milliseconds: 0))]) == [.conflict])
      #expect(await store.counts().accepted == 2)
      await store.close()
    }
  }

  @Test("duplicates are known after a restart", arguments: StoreKind.allCases)
  func duplicatesAfterRestart(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let refs = try await first.add(message("a"), message("b"))
      _ = try await first.finish(refs[1], .delivered)
      await first.close()
      let store = try await world.open()
      #expect(
        try await store.enqueue([message("a"), message("b")])
          == [.duplicate(refs[0]), .duplicate(refs[1])])
      #expect(try await store.enqueue([message("b", body: "other")]) == [.conflict])
      #expect(try await store.enqueue([message("c")]) == [.stored(ref(3))])
      await store.close()
    }
  }

  @Test("a delivered UUID is new again after the window", arguments: StoreKind.allCases)
  func window(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"))
      _ = try await store.finish(refs[0], .delivered)
      world.clock.advance(milliseconds: 24 * 3_600_000 + 1_000)
      #expect(try await store.enqueue([message("a", body: "other")]) == [.stored(ref(2))])
      await store.close()
    }
  }

  @Test("dead and cancelled UUIDs may be stored again", arguments: StoreKind.allCases)
  func endedUUIDs(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"), message("b"))
      _ = try await store.finish(refs[0], .dead, status: 410)
      _ = try await store.finish(refs[1], .cancelled, status: 0)
      #expect(
        try await store.enqueue([message("a"), message("b", body: "other")])
          == [.stored(ref(3)), .stored(ref(4))])
      // If a UUID was used again, the newest is meant.
      #expect(try await store.lookup(uuid: "a")?.ref == ref(3))
      #expect(try await store.lookup(uuid: "a")?.state == .ready)
      await store.close()
    }
  }

  @Test("a twin in flight waits for the first one's commit", arguments: StoreKind.allCases)
  func twins(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let deliveries = Deliveries()
      let port = store.makeEnqueuePort(deliver: deliveries.deliver)
      world.holdCommits()
      for token in 1...3 {
        #expect(port.submit(message("twin"), token: UInt64(token)) == .accepted)
      }
      #expect(port.submit(message("twin", body: "other"), token: 4) == .accepted)
      #expect(deliveries.count == 0)
      world.releaseCommits()
      let answers = await deliveries.all(4).map { try? $0.result.get() }
      #expect(
        answers == [.stored(ref(1)), .duplicate(ref(1)), .duplicate(ref(1)), .conflict])
      #expect(await store.counts().accepted == 1)
      await store.close()
    }
  }

  @Test("one conflict refuses the whole batch", arguments: StoreKind.allCases)
  func batchConflict(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      _ = try await store.add(message("known"))
      let answers = try await store.enqueue([
        message("new"), message("known", body: "other"), message("newer"),
      ])
      #expect(answers == [.notStored, .conflict, .notStored])
      #expect(await store.counts() == StoreCounts(accepted: 1, pending: 1))
      #expect(try await store.lookup(uuid: "new") == nil)
      #expect(try await store.enqueue([message("new")]) == [.stored(ref(2))])
      await store.close()
    }
  }

  @Test(
    "a twin inside a batch is a duplicate, another content a conflict",
    arguments: StoreKind.allCases)
  func batchTwins(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      #expect(
        try await store.enqueue([message("a"), message("a"), message("b")])
          == [.stored(ref(1)), .duplicate(ref(1)), .stored(ref(2))])
      let refused = try await store.enqueue([message("c"), message("c", body: "other")])
      #expect(refused.contains(.conflict))
      #expect(try await store.lookup(uuid: "c") == nil)
      #expect(try await store.enqueue([]) == [])
      await store.close()
    }
  }

  @Test("a closed store takes nothing", arguments: StoreKind.allCases)
  func closed(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let deliveries = Deliveries()
      let port = store.makeEnqueuePort(deliver: deliveries.deliver)
      await store.close()
      await #expect(throws: StoreError.self) { try await store.enqueue([message("a")]) }
      await #expect(throws: StoreError.self) { try await store.lookup(uuid: "a") }
      await #expect(throws: StoreError.self) { try await store.bodies([ref(1)]) }
      await #expect(throws: StoreError.self) { try await store.finish(ref(1), .delivered) }
      #expect(port.submit(message("b"), token: 1) == .accepted)
      guard case .failure(.unavailable) = await deliveries.all(1)[0].result else {
        Issue.record("the port's message must be refused as unavailable")
        return
      }
      #expect(await store.nextEvents().isEmpty)
    }
  }
}

func ref(_ number: UInt64) -> MessageRef { MessageRef(lane: 0, number: number) }
