import Delivery
import Testing

@Suite("A message store's enqueue port")
struct StorePortTests {
  @Test("answers come in the order of submission", arguments: StoreKind.allCases)
  func order(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let deliveries = Deliveries()
      let port = store.makeEnqueuePort(deliver: deliveries.deliver)
      for token in 0..<3_000 {
        // Every third is a duplicate, whose answer needs no commit of its own.
        let uuid = token % 3 == 2 ? "m\(token - 2)" : "m\(token)"
        #expect(port.submit(message(uuid), token: UInt64(token)) == .accepted)
      }
      let answers = await deliveries.all(3_000)
      #expect(answers.map(\.token) == Array(0..<3_000))
      var refs: [UInt64: MessageRef] = [:]
      for answer in answers {
        switch try answer.result.get() {
        case .stored(let ref): refs[answer.token] = ref
        case .duplicate(let ref): #expect(refs[answer.token - 2] == ref)
        case .conflict, .notStored: Issue.record("token \(answer.token) is neither")
        }
      }
      #expect(refs.values.map(\.number).sorted() == Array(1...2_000))
      await store.close()
    }
  }

  @Test("two ports get their own answers only", arguments: StoreKind.allCases)
  func twoPorts(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let (one, other) = (Deliveries(), Deliveries())
      let ports = [
        store.makeEnqueuePort(deliver: one.deliver), store.makeEnqueuePort(deliver: other.deliver),
      ]
      for token in 0..<100 {
        #expect(ports[token % 2].submit(message("m\(token)"), token: UInt64(token)) == .accepted)
      }
      #expect(await one.all(50).map(\.token) == (0..<50).map { $0 * 2 })
      #expect(await other.all(50).map(\.token) == (0..<50).map { $0 * 2 + 1 })
      await store.close()
    }
  }

  @Test(
    "beyond the limit it says full, and later that there is room", arguments: StoreKind.allCases)
  func full(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open(StoreLimits(waitingMessages: 4))
      let deliveries = Deliveries()
      let port = store.makeEnqueuePort(deliver: deliveries.deliver)
      world.holdCommits()
      for token in 0..<4 {
        #expect(port.submit(message("m\(token)"), token: UInt64(token)) == .accepted)
      }
      #expect(port.submit(message("m4"), token: 4) == .full)
      #expect(port.submit(message("m5"), token: 5) == .full)
      await #expect(throws: StoreError.full(retryAfter: .seconds(1))) {
        try await store.enqueue([message("m6")])
      }
      world.releaseCommits()
      await deliveries.wait(completions: 4, rooms: 1)
      #expect(port.submit(message("m4"), token: 4) == .accepted)
      #expect(await deliveries.all(5).map(\.token) == [0, 1, 2, 3, 4])
      #expect(await store.counts().accepted == 5)
      await store.close()
    }
  }

  @Test("close answers what waits, and it is there after a restart", arguments: StoreKind.allCases)
  func closeAnswers(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let deliveries = Deliveries()
      let port = first.makeEnqueuePort(deliver: deliveries.deliver)
      world.holdCommits()
      for token in 0..<10 {
        #expect(port.submit(message("m\(token)"), token: UInt64(token)) == .accepted)
      }
      async let closing: Void = first.close()
      world.releaseCommits()
      await closing
      let answers = await deliveries.all(10)
      #expect(answers.compactMap { try? $0.result.get() }.count == 10)
      let store = try await world.open()
      #expect(await store.counts() == StoreCounts(accepted: 10, pending: 10))
      await store.close()
    }
  }
}
