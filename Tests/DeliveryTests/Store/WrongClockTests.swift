import Testing

@testable import Delivery

/// A wall clock that was wrong once, and what is left of that when it is right again.
@Suite("A wall clock that was wrong")
struct WrongClockTests {
  private static let year: Int64 = 365 * 86_400_000

  private func withWorld(_ body: (SegmentLogWorld) async throws -> Void) async throws {
    let world = try SegmentLogWorld()
    defer { world.remove() }
    try await body(world)
  }

  private func open(_ world: SegmentLogWorld, window: Duration) async throws -> SegmentLogStore {
    var options = SegmentLogStore.Options()
    options.dedupWindow = window
    options.lazyDelay = .milliseconds(5)
    return try await world.open(options).0
  }

  @Test("leaves no time wrong and no window closed or endless", arguments: [20, -20])
  func across(years: Int64) async throws {
    try await withWorld { world in
      world.clock.stepWall(byMilliseconds: years * Self.year)
      let first = try await open(world, window: .seconds(60))
      let refs = try await first.add(message("wrong"))
      _ = try await first.finish(refs[0], .delivered)
      await first.close()
      // Five seconds later the clock is right, at another start.
      world.clock.advance(milliseconds: 5_000)
      world.clock.stepWall(byMilliseconds: -years * Self.year)
      let store = try await open(world, window: .seconds(60))
      let right = world.clock.wallMs()
      #expect(try await store.lookup(uuid: "wrong")?.acceptedAtMs == right - 5_000)
      _ = try await store.add(message("right"))
      #expect(try await store.lookup(uuid: "right")?.acceptedAtMs == right)
      #expect(try await store.enqueue([message("wrong")]).compactMap(\.ref) == [refs[0]])
      world.clock.advance(milliseconds: 60_000)
      // Time passes for the log when something is written.
      _ = try await store.add(message("later"))
      #expect(try await store.enqueue([message("wrong")]).compactMap(\.ref) != [refs[0]])
      await store.close()
    }
  }

  @Test("makes no message older than it is, while it runs and after a restart")
  func ages() async throws {
    try await withWorld { world in
      let first = try await open(world, window: .seconds(60))
      _ = try await first.add(message("waits"))
      world.clock.advance(milliseconds: 2_000)
      world.clock.stepWall(byMilliseconds: 20 * Self.year)
      let acceptedAtMs = try #require(try await first.lookup(uuid: "waits")).acceptedAtMs
      #expect(acceptedAtMs + 2_000 == world.clock.wallMs())
      #expect(try await first.backlog(of: nil).oldestFromMs == acceptedAtMs)
      let page = try await first.pending(first.grant, origin: b, after: nil, limit: 1)
      let age = first.clock.logMs() - (page.entries.first?.ageFromMs ?? 0)
      #expect(age == 2_000)
      await first.close()
      world.clock.advance(milliseconds: 1_000)
      let store = try await open(world, window: .seconds(60))
      #expect(
        try await store.lookup(uuid: "waits")?.acceptedAtMs == world.clock.wallMs() - 3_000)
      await store.close()
    }
  }
}
