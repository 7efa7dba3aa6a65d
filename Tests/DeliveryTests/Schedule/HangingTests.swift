import Testing

@testable import Delivery

@Suite("Destinations that answered and then hang")
struct HangingTests {
  /// With `count` destinations that answered `times` times and then hang, each with many messages.
  private func hanging(
    _ count: Int, answered times: Int, worker: Int, alsoWarm: Int
  ) -> ScheduleWorld {
    var world = ScheduleWorld(worker: worker)
    world.warmUp("good", times: alsoWarm)
    for number in 0..<count { world.warmUp("hangs-\(number)", times: times) }
    for number in 0..<count { world.arrive(100, at: "hangs-\(number)") }
    // Again and again, as fast as a schedule can be asked.
    for _ in 0..<30 {
      world.start()
      world.pass(.milliseconds(100))
    }
    return world
  }

  @Test(
    "whatever their number, one that works goes on",
    arguments: [1, 2, 3, 10, 50], [1, 8, 64])
  func othersGoOn(count: Int, times: Int) {
    for worker in [4, 8, 64] where count < worker {
      var world = hanging(count, answered: times, worker: worker, alsoWarm: times)
      world.arrive(50, at: "good")
      for delivered in 0..<50 {
        world.start()
        guard world.inFlight("good") > 0 else {
          Issue.record("\(count) that hang stop the others at \(delivered) of \(worker) slots")
          return
        }
        world.pass(.milliseconds(10))
        world.endOldest(of: "good", .success)
      }
    }
  }

  @Test(
    "one that never answered leaves room for the first call of another",
    arguments: [4, 8, 64], [0, 20])
  func neverAnswered(worker: Int, roundsAlone: Int) {
    var world = ScheduleWorld(worker: worker)
    world.arrive(50, at: "hangs")
    for _ in 0..<roundsAlone {
      for start in world.plan().starts { world.scheduler.reached(start.ref, at: world.now) }
      world.pass(.milliseconds(100))
    }
    world.arrive(50, at: "new")
    for _ in 0..<30 {
      for start in world.plan().starts where start.origin == ScheduleWorld.origin("hangs") {
        world.scheduler.reached(start.ref, at: world.now)
      }
      world.pass(.milliseconds(100))
      if world.inFlight("new") == 0 { Issue.record("it stops the other") }
      world.endOldest(of: "new", .success)
    }
    #expect((2...3).contains(world.inFlight("hangs")))
  }

  @Test("one that answered once holds two slots when it hangs, not half of them")
  func answeredOnce() {
    let world = hanging(2, answered: 1, worker: 64, alsoWarm: 1)
    #expect(world.inFlight("hangs-0") == 2)
    #expect(world.inFlight("hangs-1") == 2)
  }

  @Test(
    "calls older than a second leave a quarter of the slots to others, however much was trusted")
  func quarter() {
    let world = hanging(1, answered: 64, worker: 64, alsoWarm: 64)
    #expect(world.inFlight("hangs-0") == 48)
  }

  @Test("one whose calls take two seconds but end well is not held to one at a time")
  func slowButWell() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("other")
    world.arrive(2000, at: "slow")
    for _ in 0..<60 {
      world.start()
      let running = world.flying("slow")
      world.pass(.seconds(2))
      world.start()
      for ref in running { world.end(ref, .success) }
    }
    world.start()
    #expect(world.inFlight("slow") == 16)
  }
}
