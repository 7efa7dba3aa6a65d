import Testing

@testable import Delivery

@Suite("What waits when a destination recovers")
struct RecoveryTests {
  /// Delivers all that starts until nothing is left. - Returns: how many by each tenth of a second.
  private func deliverAll(_ world: inout ScheduleWorld, seconds: Int) -> [Int] {
    var counts: [Int] = []
    var delivered = 0
    for _ in 0..<seconds * 10 {
      for _ in 0..<20 {
        for number in world.start() {
          world.end(number, .success)
          delivered += 1
        }
        world.pass(.milliseconds(5))
      }
      counts.append(delivered)
    }
    return counts
  }

  @Test("after a fix, what failed comes within seconds, twice as much per round trip and no faster")
  func pulled() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a", "b")
    world.arrive(4000, at: "a")
    // Each finds a window of sixty-four and then a circuit that lets one through a minute.
    var tried = 0
    while tried < 19 {
      let started = world.start()
      for number in started {
        tried += 1
        world.retry(number, after: .seconds(500), .failed)
      }
    }
    for _ in 0..<200 {
      for number in world.start() { world.retry(number, after: .seconds(500), .failed) }
      world.pass(.seconds(2))
    }
    #expect(world.scheduler.scheduledCount == 4000)
    let counts = deliverAll(&world, seconds: 70)
    let first = counts.firstIndex { $0 > 0 } ?? 0
    let after = { (tenths: Int) in counts[min(first + tenths, counts.count - 1)] }
    #expect(after(14) < 500)
    #expect(after(100) == 4000)
    for tenths in stride(from: 10, to: 60, by: 5) {
      #expect(after(tenths + 5) - after(tenths) <= 3 * max(after(tenths), 20))
    }
  }

  @Test("those that wait for a failure are pulled forward, delays and Retry-After are not")
  func whatIsPulled() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    world.arrive(1, at: "a", due: .after(milliseconds: 300_000))
    let delayed = world.lastNumber
    world.arrive(1, at: "a", due: .at(unixMs: world.now.wallMs + 300_000))
    let absolute = world.lastNumber
    world.arrive(5, at: "a")
    let started = world.start()
    #expect(started.count == 5)
    for number in started.dropLast() { world.retry(number, after: .seconds(400), .failed) }
    world.retry(started[4], after: .seconds(400), .failed, hold: .seconds(1))
    world.pass(.seconds(2))
    world.arrive(1, at: "a")
    #expect(world.start() == [world.lastNumber])
    world.end(world.lastNumber, .success)
    var delivered: Set<UInt64> = []
    for _ in 0..<100 {
      for number in world.start() {
        delivered.insert(number)
        world.end(number, .success)
      }
      world.pass(.milliseconds(100))
    }
    #expect(delivered == Set(started.dropLast()))
    #expect(!delivered.contains(delayed) && !delivered.contains(absolute))
    #expect(world.scheduler.scheduledCount == 3)
  }

  @Test("messages that fail for themselves are not tried more often for others' success")
  func poison() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    world.arrive(8, at: "a")
    let poison = Set(world.start())
    #expect(poison.count == 8)
    for number in poison { world.retry(number, after: .seconds(580), .failed) }
    var calls = 0
    for _ in 0..<500 {
      // One that fails once, and is seen to work a second later.
      world.arrive(1, at: "a")
      for number in world.start() {
        if poison.contains(number) {
          calls += 1
          world.retry(number, after: .seconds(580), .failed)
        } else if number == world.lastNumber {
          world.retry(number, after: .milliseconds(900), .failed)
        } else {
          world.end(number, .success)
        }
      }
      world.pass(.seconds(1))
    }
    #expect((1...20).contains(calls))
  }

  @Test("a smaller retry.cap shortens waits that were recorded under a larger one")
  func smallerCap() {
    var limits = SchedulerLimits()
    limits.worker = 2
    limits.retryWait = .seconds(11)
    var world = ScheduleWorld(limits: limits)
    var retried = world.entry(1, at: "a", due: .after(milliseconds: 3_000_000))
    retried.attempts = 9
    var delayed = world.entry(2, at: "a", due: .after(milliseconds: 3_000_000))
    delayed.attempts = 0
    world.scheduler.handle(.arrived(ScheduleWorld.grant, [retried, delayed]), at: world.now)
    #expect(world.start() == [])
    world.pass(.seconds(11))
    #expect(world.start() == [1])
  }
}
