import Delivery
import Testing

@Suite("A message store, reading")
struct StoreReadingTests {
  @Test("bodies come back as they were given, also after a restart", arguments: StoreKind.allCases)
  func bodies(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let messages = [
        message("a", body: ""), message("b", to: c, body: "ü\u{0}{}"),
        message("c", body: String(repeating: "{\"n\":1},", count: 40_000)),
        message("d", start: .delay(milliseconds: 10)),
        message("e", start: .notBefore(unixMs: 1_900_000_000_000)),
        message("f", limits: RetryLimits(maxAttempts: 0, maxAgeMs: 0, scheduleMs: [1, 2, 3])),
      ]
      let refs = try await first.enqueue(messages).compactMap(\.ref)
      #expect(try await first.bodies(refs) == messages)
      await first.close()
      let store = try await world.open()
      #expect(try await store.bodies(refs) == messages)
      // In any order, more than once, and others among them.
      let asked = [refs[5], refs[0], ref(99), refs[5], MessageRef(lane: 3, number: 1)]
      #expect(
        try await store.bodies(asked) == [messages[5], messages[0], nil, messages[5], nil])
      #expect(try await store.bodies([]) == [])
      await store.close()
    }
  }

  @Test(
    "what waits is counted, for one destination and for all, with the start of the oldest's age",
    arguments: StoreKind.allCases)
  func counted(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      #expect(try await store.backlog(of: nil) == Backlog(waiting: 0, oldestFromMs: nil))
      let refs = try await store.add(
        message("a", start: .delay(milliseconds: 60_000)), message("b"), message("c", to: c))
      let acceptedAtMs = try #require(try await store.lookup(uuid: "b")).acceptedAtMs
      #expect(
        try await store.backlog(of: b) == Backlog(waiting: 2, oldestFromMs: acceptedAtMs))
      #expect(try await store.backlog(of: nil).waiting == 3)
      _ = try await store.finish(refs[1], .delivered)
      #expect(try await store.backlog(of: b) == Backlog(waiting: 1, oldestFromMs: nil))
      #expect(try await store.backlog(of: c).waiting == 1)
      await store.close()
    }
  }

  @Test("an ended message has no body", arguments: StoreKind.allCases)
  func endedBodies(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.add(message("a"), message("b"), message("c"))
      _ = try await store.finish(refs[0], .delivered)
      _ = try await store.finish(refs[2], .cancelled)
      #expect(try await store.bodies(refs) == [nil, message("b"), nil])
      await store.close()
    }
  }

  @Test("a backlog over many segments is read back in order", arguments: StoreKind.allCases)
  func backlog(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let limits = StoreLimits(segmentSize: 256 << 10)
      let first = try await world.open(limits)
      let body = (0..<60).map { "\"\($0 &* 2_654_435_761)\"" }.joined(separator: ",")
      for batch in 0..<20 {
        _ = try await first.enqueue((0..<50).map { message("m\(batch * 50 + $0)", body: body) })
      }
      await first.close()
      let store = try await world.open(limits)
      let entries = try await store.walk(b, limit: 64)
      #expect(entries.map(\.ref.number) == Array(1...1_000))
      let read = try await store.bodies(entries.map(\.ref))
      #expect(read.map { $0?.uuid } == (0..<1_000).map { "m\($0)" })
      #expect(read.allSatisfy { $0?.body == Array(body.utf8) })
      await store.close()
    }
  }

  @Test("pages go on where the last one ended", arguments: StoreKind.allCases)
  func pages(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let refs = try await store.enqueue(
        (0..<10).map { message("m\($0)", to: $0 % 2 == 0 ? b : c) }
      ).compactMap(\.ref)
      _ = try await store.finish(refs[4], .dead, status: 400)
      let first = try await store.pending(store.grant, origin: b, after: nil, limit: 2)
      #expect(first.entries.map(\.ref.number) == [1, 3])
      let cursor = try #require(first.next)
      // What happens between two pages is seen where it lies ahead.
      _ = try await store.finish(refs[6], .delivered)
      _ = try await store.add(message("late"))
      let second = try await store.pending(store.grant, origin: b, after: cursor, limit: 100)
      #expect(second.entries.map(\.ref.number) == [9, 11])
      #expect(second.next == nil)
      #expect(second.upTo == 11)
      let nowhere = Origin(normalised: "http://nowhere:80")
      let none = try await store.pending(store.grant, origin: nowhere, after: nil, limit: 5)
      #expect(none.entries.isEmpty && none.next == nil)
      await store.close()
    }
  }

  @Test("a message can be asked for in every state", arguments: StoreKind.allCases)
  func states(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let nowMs = world.clock.wallMs()
      let refs = try await store.add(
        message("ready"), message("delayed", start: .delay(milliseconds: 500)),
        message("dated", start: .notBefore(unixMs: nowMs + 700)), message("retrying"),
        message("delivered"), message("dead"), message("cancelled"))
      _ = try await store.retry(refs[3], attempts: 4, delayMs: 900, status: 502, error: "HTTP 502")
      _ = try await store.finish(refs[4], .delivered, status: 201, attempts: 2)
      _ = try await store.finish(refs[5], .dead, status: 400, error: "HTTP 400")
      _ = try await store.finish(refs[6], .cancelled, status: 0, attempts: 0)
      func expect(
        _ uuid: String, _ state: MessageStatus.State, attempts: UInt32 = 0, status: UInt16 = 0,
        error: String = "", nextMs: UInt64? = nil
      ) async throws {
        let known = try #require(try await store.lookup(uuid: uuid))
        #expect(known.uuid == uuid)
        #expect(known.state == state)
        #expect(known.attempts == attempts)
        #expect(known.lastStatus == status)
        #expect(known.lastError == error)
        #expect(known.nextAttemptAtMs == nextMs)
        #expect(known.acceptedAtMs == nowMs)
        #expect(known.url == message(uuid).url)
        #expect(known.method == "PUT")
      }
      try await expect("ready", .ready)
      try await expect("delayed", .scheduled, nextMs: nowMs + 500)
      try await expect("dated", .scheduled, nextMs: nowMs + 700)
      try await expect(
        "retrying", .retrying, attempts: 4, status: 502, error: "HTTP 502", nextMs: nowMs + 900)
      try await expect("delivered", .delivered, attempts: 2, status: 201)
      try await expect("dead", .dead, attempts: 1, status: 400, error: "HTTP 400")
      try await expect("cancelled", .cancelled)
      #expect(try await store.lookup(uuid: "unknown") == nil)
      world.clock.advance(milliseconds: 600)
      try await expect("delayed", .ready)
      await store.close()
    }
  }
}
