import Delivery
import Testing

@Suite("A message store, recording")
struct StoreChangesTests {
  @Test("a retry keeps its count and its due time over a restart", arguments: StoreKind.allCases)
  func retries(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let refs = try await first.add(message("a"))
      #expect(try await first.retry(refs[0], attempts: 1, delayMs: 2_000) == [])
      world.clock.advance(milliseconds: 2_500)
      let error = "connection refused"
      _ = try await first.retry(refs[0], attempts: 2, delayMs: 4_000, status: 0, error: error)
      #expect(try await first.walk(b).first?.due == .after(milliseconds: 4_000))
      await first.close()
      world.clock.advance(milliseconds: 1_000)
      let store = try await world.open()
      let entry = try #require(try await store.walk(b).first)
      #expect(entry.attempts == 2)
      #expect(entry.lastStatus == 0)
      #expect(entry.due == .after(milliseconds: 3_000))
      let status = try await store.lookup(uuid: "a")
      #expect(status?.state == .retrying)
      #expect(status?.lastError == error)
      #expect(status?.nextAttemptAtMs == world.clock.wallMs() + 3_000)
      world.clock.stepWall(byMilliseconds: -1_000_000)
      let nextMs = try await store.lookup(uuid: "a")?.nextAttemptAtMs
      // The log's own time isn't moved by a wall clock that is set.
      let isLog = kind == .segmentLog
      #expect(nextMs == world.clock.wallMs() + (isLog ? 3_000 : 4_000))
      #expect(
        try await store.walk(b).first?.due == .after(milliseconds: isLog ? 3_000 : 4_000))
      world.clock.stepWall(byMilliseconds: 2_000_000)
      #expect(try await store.walk(b).first?.due == (isLog ? .after(milliseconds: 3_000) : .now))
      await store.close()
    }
  }

  @Test("what has ended is refused, by reference", arguments: StoreKind.allCases)
  func refusals(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"), message("b"), message("c"))
      #expect(try await store.finish(refs[0], .delivered) == [])
      #expect(try await store.finish(refs[0], .delivered) == [refs[0]])
      #expect(try await store.retry(refs[0], attempts: 2, delayMs: 1) == [refs[0]])
      let note = AttemptNote(status: 200)
      let refused = try await store.record(
        [
          .retry(refs[1], attempts: 1, delayMs: 1, result: note),
          .finish(ref(77), Ending(kind: .delivered, attempts: 1, result: note)),
          .finish(refs[2], Ending(kind: .delivered, attempts: 1, result: note)),
          .finish(
            MessageRef(lane: 9, number: 2), Ending(kind: .dead, attempts: 1, result: note)),
        ], under: store.grant, hurry: true)
      #expect(Set(refused) == [ref(77), MessageRef(lane: 9, number: 2)])
      #expect(await store.counts() == StoreCounts(accepted: 3, delivered: 2, pending: 1))
      #expect(try await store.record([], under: store.grant, hurry: true) == [])
      await store.close()
    }
  }

  @Test("another grant is refused", arguments: StoreKind.allCases)
  func grants(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"))
      let note = AttemptNote(status: 200)
      let change = Change.finish(refs[0], Ending(kind: .delivered, attempts: 1, result: note))
      let other = LaneGrant(lane: 0, epoch: 2)
      await #expect(throws: StoreError.self) {
        try await store.record([change], under: other, hurry: true)
      }
      await #expect(throws: StoreError.self) {
        try await store.pending(other, origin: b, after: nil, limit: 1)
      }
      #expect(await store.counts().pending == 1)
      await store.close()
    }
  }

  @Test("without hurry it is durable all the same", arguments: StoreKind.allCases)
  func lazily(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let refs = try await first.add(message("a"), message("b"))
      let note = AttemptNote(status: 204)
      let changes = refs.map {
        Change.finish($0, Ending(kind: .delivered, attempts: 1, result: note))
      }
      #expect(try await first.record(changes, under: first.grant, hurry: false) == [])
      #expect(await first.counts() == StoreCounts(accepted: 2, delivered: 2))
      await first.close()
      let store = try await world.open()
      #expect(await store.counts() == StoreCounts(accepted: 2, delivered: 2))
      await store.close()
    }
  }

  @Test("a change without hurry rides a commit that is made anyway", arguments: StoreKind.allCases)
  func rides(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"))
      async let recorded = store.record(
        [.retry(refs[0], attempts: 1, delayMs: 9, result: AttemptNote(status: 500))],
        under: store.grant, hurry: false)
      _ = try await store.add(message("b"))
      #expect(try await recorded == [])
      #expect(try await store.walk(b).first?.attempts == 1)
      await store.close()
    }
  }

  @Test("a dead message stays readable with its reason", arguments: StoreKind.allCases)
  func dead(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let refs = try await first.add(message("a"))
      _ = try await first.finish(refs[0], .dead, status: 410, error: "HTTP 410", attempts: 3)
      #expect(try await first.walk(b).isEmpty)
      await first.close()
      let store = try await world.open()
      for _ in 0..<2 {
        let status = try await store.lookup(uuid: "a")
        #expect(status?.state == .dead)
        #expect(status?.attempts == 3)
        #expect(status?.lastStatus == 410)
        #expect(status?.lastError == "HTTP 410")
        #expect(status?.url == message("a").url)
        #expect(status?.nextAttemptAtMs == nil)
      }
      #expect(try await store.bodies(refs) == [message("a")])
      #expect(try await store.walk(b).isEmpty)
      #expect(await store.counts() == StoreCounts(accepted: 1, dead: 1))
      await store.close()
    }
  }

  @Test("the accounting closes at every moment", arguments: StoreKind.allCases)
  func counts(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      var store = try await world.open(StoreLimits(segmentSize: 256 << 10))
      var random = SplitMix64(seed: 7)
      var live: [MessageRef] = []
      for round in 0..<60 {
        let batch = (0..<Int.random(in: 1...20, using: &random)).map { message("r\(round)-\($0)") }
        live += try await store.enqueue(batch).compactMap(\.ref)
        live.shuffle(using: &random)
        for _ in 0..<min(live.count, Int.random(in: 0...12, using: &random)) {
          let kind = [Ending.Kind.delivered, .dead, .cancelled].randomElement(using: &random)!
          #expect(try await store.finish(live.removeLast(), kind) == [])
        }
        if round % 20 == 19 {
          await store.close()
          store = try await world.open(StoreLimits(segmentSize: 256 << 10))
        }
        let counts = await store.counts()
        #expect(
          counts.accepted == counts.delivered + counts.dead + counts.cancelled + counts.pending)
        #expect(counts.pending == UInt64(live.count))
      }
      #expect(Set(try await store.walk(b).map(\.ref)) == Set(live))
      await store.close()
    }
  }
}

/// Sebastiano Vigna's splitmix64 (public domain): the same numbers for the same seed everywhere.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
