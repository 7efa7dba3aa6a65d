import Testing

@testable import Delivery

@Suite("The age of messages that wait")
struct AgeTests {
  /// Goes on in steps of a tenth of a second, starting what may start.
  private func pass(_ seconds: Int, _ world: inout ScheduleWorld) {
    for _ in 0..<seconds * 10 {
      world.pass(.milliseconds(100))
      world.start()
    }
  }

  @Test("what waits behind a call that hangs is over within a second after its limit, untried")
  func behindASlowCall() {
    var world = ScheduleWorld(worker: 8)
    world.arrive(50, at: "slow", maxAgeMs: 3000)
    #expect(world.start() == [1])
    pass(2, &world)
    #expect(world.expired.isEmpty)
    pass(2, &world)
    // Two more calls begin when the first one is slow.
    #expect(world.expired.count == 47)
    #expect(world.expired.allSatisfy { $0.message.attempts == 0 })
    world.end(1, .success)
    #expect(world.start() == [])
    #expect(world.scheduler.scheduledCount == 0)
  }

  @Test("what waits for a destination whose circuit is open is over by the clock")
  func circuitOpen() {
    var world = ScheduleWorld(worker: 8)
    world.arrive(50, at: "dead", maxAgeMs: 20_000)
    for _ in 0..<21 {
      for number in world.start() { world.retry(number, after: .seconds(100), .trouble) }
      pass(1, &world)
      for number in world.flying("dead") { world.retry(number, after: .seconds(100), .trouble) }
    }
    #expect(world.expired.count == 50)
    #expect(world.start() == [])
  }

  @Test("the limit of those without one of their own is kept, too")
  func commonLimit() {
    var limits = SchedulerLimits()
    limits.worker = 1
    limits.maxAgeMs = 5000
    var world = ScheduleWorld(limits: limits)
    world.arrive(10, at: "a")
    world.arrive(1, at: "a", maxAgeMs: 60_000)
    #expect(world.start() == [1])
    pass(6, &world)
    #expect(world.expired.map(\.message.ref.number) == Array(2...10))
    world.end(1, .success)
    #expect(world.start() == [11])
  }

  @Test("a last attempt that is due at the limit itself is made")
  func lastAttempt() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a", maxAgeMs: 3000)
    world.start()
    world.retry(1, after: .seconds(3))
    world.pass(.milliseconds(3010))
    #expect(world.start() == [1])
    #expect(world.expired.isEmpty)
  }

  @Test("a message in flight at its limit ends by what comes of the call")
  func inFlight() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a", maxAgeMs: 1000)
    world.start()
    pass(5, &world)
    #expect(world.expired.isEmpty)
    world.end(1, .success)
    #expect(world.expired.isEmpty)
  }

  @Test("few expire at once, the rest soon after, and none of them is tried")
  func burst() {
    var limits = SchedulerLimits()
    limits.worker = 4
    limits.expiryBurst = 10
    var world = ScheduleWorld(limits: limits)
    world.warmUp("a")
    world.arrive(4, at: "a")
    world.start()
    world.arrive(100, at: "a", maxAgeMs: 1000)
    world.pass(.milliseconds(1300))
    #expect(world.start() == [])
    #expect(world.expired.count == 10)
    for _ in 0..<4 { world.endOldest(.success) }
    #expect(world.start() == [])
    pass(3, &world)
    #expect(world.expired.count == 100)
    #expect(world.inFlight("a") == 0)
  }

  @Test("nothing is looked through before something can have expired")
  func noCost() {
    var limits = SchedulerLimits()
    limits.maxAgeMs = 7 * 24 * 3_600_000
    limits.worker = 1
    var world = ScheduleWorld(limits: limits)
    world.arrive(5000, at: "a")
    world.start()
    pass(10, &world)
    #expect(world.pages.isEmpty)
  }
}
