import Delivery
import Testing

@Suite("A message store's events")
struct StoreEventsTests {
  @Test("the grant comes first, then arrivals in order", arguments: StoreKind.allCases)
  func arrivals(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let acceptedAtMs = world.clock.wallMs()
      _ = try await store.add(
        message("a"),
        message("b", to: c, limits: RetryLimits(maxAttempts: 3, maxAgeMs: 60_000)))
      var events = EventReader(store)
      guard case .granted(store.grant) = await events.next() else {
        Issue.record("the first event must be the grant")
        return
      }
      #expect(
        await events.arrivals(2) == [
          PendingEntry(ref: ref(1), origin: b, ageFromMs: acceptedAtMs),
          PendingEntry(
            ref: ref(2), origin: c, ageFromMs: acceptedAtMs, maxAttempts: 3, maxAgeMs: 60_000),
        ])
      await store.close()
      #expect(await events.next() == nil)
    }
  }

  @Test("a delayed message's wait counts from its acceptance", arguments: StoreKind.allCases)
  func delays(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      let nowMs = world.clock.wallMs()
      _ = try await store.add(
        message("delay", start: .delay(milliseconds: 5_000)),
        message("date", start: .notBefore(unixMs: nowMs + 9_000)),
        message("past", start: .notBefore(unixMs: 1)))
      world.clock.advance(milliseconds: 2_000)
      var events = EventReader(store)
      let entries = await events.arrivals(3)
      #expect(
        entries.map(\.due) == [
          .after(milliseconds: 3_000), .at(unixMs: nowMs + 9_000), .at(unixMs: 1),
        ])
      #expect(entries.map(\.ageFromMs) == [nowMs + 5_000, nowMs + 9_000, nowMs])
      // A clock that jumps stretches no wait; the log's own time isn't moved by it at all.
      let isLog = kind == .segmentLog
      world.clock.stepWall(byMilliseconds: -3_600_000)
      #expect(
        try await store.walk(b).first?.due == .after(milliseconds: isLog ? 3_000 : 5_000))
      world.clock.stepWall(byMilliseconds: 3_600_000 + 10_000)
      #expect(try await store.walk(b).first?.due == (isLog ? .after(milliseconds: 3_000) : .now))
      await store.close()
    }
  }

  @Test("a reader that waits is woken by an arrival", arguments: StoreKind.allCases)
  func wakes(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      var events = EventReader(store)
      guard case .granted = await events.next() else { return }
      async let first = store.nextEvents()
      _ = try await store.add(message("a"))
      guard case .arrived(_, let entries)? = await first.first else {
        Issue.record("an arrival was expected")
        return
      }
      #expect(entries.map(\.ref) == [ref(1)])
      await store.close()
    }
  }

  @Test("a cancelled reader gets an empty answer", arguments: StoreKind.allCases)
  func cancellation(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      _ = await store.nextEvents()
      let reader = Task { await store.nextEvents() }
      reader.cancel()
      #expect(await reader.value.isEmpty)
      _ = try await store.add(message("a"))
      #expect(await store.nextEvents().count == 1)
      await store.close()
    }
  }

  @Test("beyond the window a destination is walked instead", arguments: StoreKind.allCases)
  func overflow(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open(StoreLimits(arrivalWindow: 4))
      for number in 1...10 {
        _ = try await store.add(message("m\(number)", to: number == 10 ? c : b))
      }
      var events = EventReader(store)
      guard case .granted = await events.next() else { return }
      let announced = await events.arrivals(4)
      #expect(announced.map(\.ref.number) == [1, 2, 3, 4])
      guard case .more(store.grant, let more) = await events.next() else {
        Issue.record("what fell out of the window must be named")
        return
      }
      #expect(
        more == [MoreWaiting(origin: b, from: 5), MoreWaiting(origin: c, from: 10)])
      let walked = try await store.walk(b)
      #expect(walked.map(\.ref.number) == Array(1...9))
      // Told once, later ones are announced one by one again.
      _ = try await store.add(message("m11"))
      #expect(await events.arrivals(1).map(\.ref.number) == [11])
      await store.close()
    }
  }

  @Test("after a restart what waits is announced as more", arguments: StoreKind.allCases)
  func restart(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let first = try await world.open()
      let refs = try await first.add(message("a"), message("b", to: c), message("c"))
      _ = try await first.finish(refs[0], .delivered)
      await first.close()
      let store = try await world.open()
      var events = EventReader(store)
      guard case .granted(store.grant) = await events.next(),
        case .more(_, let more) = await events.next()
      else {
        Issue.record("the grant and what waits were expected")
        return
      }
      #expect(Set(more.map(\.origin)) == [b, c])
      for waiting in more { #expect(waiting.from <= (waiting.origin == b ? 3 : 2)) }
      await store.close()
    }
  }

  @Test("an empty store announces nothing but the grant", arguments: StoreKind.allCases)
  func empty(_ kind: StoreKind) async throws {
    try await withWorld(kind) { world in
      let store = try await world.open()
      #expect(await store.nextEvents().count == 1)
      await store.close()
    }
  }
}
