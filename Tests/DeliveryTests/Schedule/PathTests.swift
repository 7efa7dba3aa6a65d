import Testing

@testable import Delivery

@Suite("Paths of a destination")
struct PathTests {
  private static let bad: UInt32 = 7
  private static let good: UInt32 = 8

  /// A destination with one path whose circuit has just opened.
  private func opened(_ count: Int) -> ScheduleWorld {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    world.arrive(count, at: "a", path: Self.bad)
    failAll(&world)
    return world
  }

  private func failAll(
    _ world: inout ScheduleWorld, _ health: DestinationSignal.Health = .trouble,
    hold: Duration? = nil
  ) {
    for number in world.start() { world.retry(number, after: .seconds(1), health, hold: hold) }
  }

  @Test("a path that fails holds no other path of its host")
  func failing() {
    var world = opened(1000)
    #expect(world.start() == [])
    world.arrive(20, at: "a", path: Self.good)
    var delivered = 0
    while let number = world.start().first {
      #expect(number > 1000)
      world.end(number, .success)
      for other in world.flying("a") { world.end(other, .success) }
      delivered += 1
      if delivered > 20 { break }
    }
    #expect(world.scheduler.destinations.live.contains { $0.queue.count == 1000 })
  }

  @Test("a path that is known only when its message is read holds no other, and nothing is lost")
  func learnt() {
    var world = opened(8)
    world.arrive(100, at: "a")
    var located: Set<UInt64> = []
    while true {
      let started = world.start()
      if started.isEmpty { break }
      for number in started {
        let path = number % 2 == 0 ? Self.good : Self.bad
        guard world.locate(number, path: path) else { continue }
        #expect(path == Self.good)
        located.insert(number)
        world.end(number, .success)
      }
    }
    #expect(located.count == 50)
    #expect(world.scheduler.scheduledCount == 8 + 50)
  }

  @Test("a 429 with Retry-After holds its path, a 503 the host only when another path fails, too")
  func retryAfter() {
    for health: DestinationSignal.Health in [.limited, .trouble] {
      var world = ScheduleWorld(worker: 8)
      world.warmUp("a")
      world.arrive(1, at: "a", path: Self.bad)
      failAll(&world, health, hold: .seconds(30))
      world.arrive(1, at: "a", path: Self.bad)
      #expect(world.start() == [])
      world.arrive(1, at: "a", path: Self.good)
      failAll(&world, health, hold: .seconds(30))
      world.arrive(1, at: "a", path: 9)
      #expect(world.start().count == (health == .limited ? 1 : 0))
    }
  }

  @Test("distinct paths that fail open the host; a new path is then tried first")
  func wholeHost() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    for path in 1...3 as ClosedRange<UInt32> {
      world.arrive(20, at: "a", path: path)
      failAll(&world)
    }
    world.arrive(20, at: "a", path: Self.good)
    #expect(world.start() == [])
    world.pass(.seconds(2))
    let probe = world.start()
    #expect(probe.count == 1)
    #expect(probe.first.map { $0 > world.lastNumber - 20 } == true)
    // It works: but that says nothing for the others.
    world.end(probe[0], .success)
    for _ in 0..<20 {
      world.pass(.milliseconds(100))
      for number in world.start() where number <= world.lastNumber - 20 {
        world.retry(number, after: .seconds(60), .trouble)
      }
      for number in world.flying("a") { world.end(number, .success) }
    }
    #expect(world.scheduler.scheduledCount >= 60)
  }

  @Test("a refused connection is the host's failure, whatever the path")
  func unreachable() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    world.arrive(20, at: "a", path: Self.bad)
    failAll(&world, .unreachable)
    world.arrive(1, at: "a", path: Self.good)
    #expect(world.start() == [])
    world.pass(.seconds(2))
    #expect(world.start().count == 1)
  }

  @Test("twenty failures in a row without a success open a path, whatever they are")
  func manyFailures() {
    for health: DestinationSignal.Health in [.failed, .answered] {
      var world = ScheduleWorld(worker: 1)
      world.warmUp("a")
      world.arrive(100, at: "a", path: Self.bad)
      var calls = 0
      while let number = world.start().first {
        world.retry(number, after: .seconds(600), health)
        calls += 1
        if calls > 50 { break }
      }
      #expect(calls == 20)
      world.arrive(1, at: "a", path: Self.good)
      #expect(world.start() == [world.lastNumber])
    }
  }

  @Test("more paths than are told apart share, and still all are tried")
  func manyPaths() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    for path in 1...300 as ClosedRange<UInt32> { world.arrive(1, at: "a", path: path) }
    for _ in 0..<400 {
      for number in world.start() { world.retry(number, after: .seconds(3600), .failed) }
      world.pass(.seconds(61))
    }
    #expect(world.scheduler.destinations.live.allSatisfy { $0.queue.circuits.list.count <= 65 })
    #expect(world.scheduler.destinations.live.allSatisfy { $0.queue.circuits.parkedCount == 0 })
  }

  @Test("a destination whose only waiting path is dead is dead; each path has its own next call")
  func standing() {
    var world = opened(100)
    let origin = ScheduleWorld.origin("a")
    #expect(world.start() == [])
    #expect(world.scheduler.standing(of: origin) == .dead)
    world.arrive(1, at: "a", path: Self.good)
    #expect(world.scheduler.standing(of: origin) == .partlyDead)
    #expect(
      world.scheduler.heldUntil(origin, path: Self.bad, at: world.now)
        == world.now.monotonic + .seconds(2))
    #expect(world.scheduler.heldUntil(origin, path: Self.good, at: world.now) == nil)
    #expect(world.scheduler.nextCall(to: origin, at: world.now) == world.now.monotonic)
    world.pass(.seconds(2))
    for number in world.start() { world.end(number, .success) }
    #expect(world.scheduler.standing(of: origin) == .works)
  }

  @Test("a path is the first segment, whatever follows")
  func keys() {
    #expect(PathKey.of("http://a/x") == PathKey.of("https://b:8/x/y?z#f"))
    #expect(PathKey.of("http://a/x?q=/y") == PathKey.of("http://a/x"))
    #expect(PathKey.of("http://a/x") != PathKey.of("http://a/y"))
    let none = Set(["http://a", "http://a/", "http://a?x/y", "http://a#/x"].map(PathKey.of))
    #expect(none.count == 1)
    for url in ["", "/", "//", "http:", "http://", "\u{0}"] {
      #expect(PathKey.of(url) != PathKey.unknown && PathKey.of(url) != PathKey.whole)
    }
  }
}
