import Testing

@testable import Delivery

@Suite("The circuit of a destination")
struct CircuitTests {
  /// With `count` messages of a destination that has just had its fifth trouble in a row.
  private func opened(_ count: Int) -> ScheduleWorld {
    var world = ScheduleWorld(worker: 8)
    world.arrive(count, at: "a")
    for _ in 0..<5 { fail(&world) }
    return world
  }

  private func fail(_ world: inout ScheduleWorld) {
    let started = world.start()
    #expect(started.count == 1)
    for number in started { world.retry(number, after: .seconds(1), .trouble) }
  }

  @Test("five troubles in a row open it; then one message is tried after 2, 4, 8 … 60 seconds")
  func probes() {
    var world = opened(100)
    for wait in [2, 4, 8, 16, 32, 60, 60] {
      #expect(world.start() == [])
      #expect(world.wakeAt.map { $0 <= world.now.monotonic + .seconds(wait) } == true)
      world.pass(.seconds(wait) - .milliseconds(1))
      #expect(world.start() == [])
      world.pass(.milliseconds(1))
      fail(&world)
    }
  }

  @Test("a dead destination's backlog is tried by the probes alone, first ones and retries in turn")
  func backlog() {
    var world = opened(1000)
    var tried: Set<UInt64> = []
    var calls = 0
    for _ in 0..<3600 {
      world.pass(.seconds(1))
      for number in world.start() {
        calls += 1
        tried.insert(number)
        world.retry(number, after: .seconds(1), .trouble)
      }
    }
    #expect((60...66).contains(calls))
    #expect(tried.count < calls * 2 / 3)
  }

  @Test("any success closes it", arguments: [true, false])
  func closes(success: Bool) {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    world.arrive(100, at: "a")
    world.start()
    #expect(world.inFlight("a") == 8)
    for _ in 0..<8 { world.endOldest(.trouble) }
    #expect(world.start() == [])
    world.pass(.seconds(2))
    #expect(world.start().count == 1)
    world.endOldest(success ? .success : .answered)
    // Softly: what follows is one call, not all that waits.
    #expect(world.start().count == 1)
    world.endOldest(.trouble)
    world.pass(.milliseconds(100))
    #expect(world.start().count == 1)
  }

  @Test("calls that had begun when it opened make the probes no rarer")
  func inFlight() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a")
    world.arrive(100, at: "a")
    world.start()
    for _ in 0..<64 { world.endOldest(.trouble) }
    #expect(world.start() == [])
    #expect(world.wakeAt == .seconds(2))
  }

  @Test("troubles between answers, or between calls that say nothing, are told apart")
  func inARow() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(100, at: "a")
    for _ in 0..<2 {
      for _ in 0..<4 { fail(&world) }
      world.start()
      world.endOldest(.answered)
    }
    for _ in 0..<4 { fail(&world) }
    world.start()
    world.endOldest(.neutral)
    fail(&world)
    #expect(world.start() == [])
  }

  @Test("a message that is alone keeps its own waits")
  func alone() {
    var world = ScheduleWorld(worker: 8)
    world.arrive(1, at: "a")
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 512] {
      #expect(world.start() == [1])
      world.retry(1, after: .seconds(wait), .trouble)
      world.pass(.seconds(wait))
    }
  }

  @Test("when a destination that is held is called next can be asked")
  func outlook() {
    var world = opened(100)
    let origin = ScheduleWorld.origin("a")
    #expect(world.start() == [])
    #expect(world.scheduler.heldUntil(origin, path: 0, at: world.now) == .seconds(2))
    #expect(world.scheduler.standing(of: origin) == .dead)
    #expect(world.scheduler.nextCall(to: origin, at: world.now) == .seconds(2))
    world.pass(.seconds(2))
    #expect(world.scheduler.heldUntil(origin, path: 0, at: world.now) == nil)
    #expect(world.scheduler.nextCall(to: origin, at: world.now) == world.now.monotonic)
    #expect(world.scheduler.nextCall(to: ScheduleWorld.origin("b"), at: world.now) == nil)
  }

  @Test("silence that was asked for and a probe that failed hold it for the longer of both")
  func silence() {
    var world = opened(10)
    world.pass(.seconds(2))
    let probe = world.start()[0]
    world.end(probe, .trouble, hold: .seconds(30))
    #expect(world.start() == [])
    #expect(world.wakeAt == .seconds(32))
  }
}
