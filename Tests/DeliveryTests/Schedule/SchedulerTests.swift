import Testing

@testable import Delivery

@Suite("The schedule")
struct SchedulerTests {
  @Test("new messages of a destination go in the order of their acceptance")
  func order() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(5, at: "a")
    #expect((0..<5).map { _ in world.deliverNext() } == [1, 2, 3, 4, 5])
  }

  @Test("a destination that never succeeded has one call, then one more with each that ended well")
  func firstSuccess() {
    var world = ScheduleWorld(worker: 8)
    world.arrive(50, at: "a")
    #expect(world.start() == [1])
    #expect(world.start() == [])
    for most in [2, 4, 8, 8] {
      for ref in world.flying("a") { world.end(ref, .success) }
      world.start()
      #expect(world.inFlight("a") == most)
    }
  }

  @Test("a connection that was accepted, or one second, is enough for a second and a third call")
  func firstCall() {
    for isAccepted in [true, false] {
      var world = ScheduleWorld(worker: 8)
      world.arrive(20, at: "a")
      let plan = world.plan()
      #expect(plan.starts.map(\.isFirst) == [true])
      #expect(world.start() == [])
      if isAccepted {
        world.scheduler.reached(plan.starts[0].ref, at: world.now)
      } else {
        #expect(world.wakeAt.map { $0 <= .seconds(1) } == true)
        world.pass(.seconds(1))
      }
      #expect(world.start().count == 2)
      #expect(world.start() == [])
    }
  }

  @Test("what was known good before a clean stop is no stranger after it")
  func knownGood() {
    var before = ScheduleWorld(worker: 8)
    before.warmUp("a")
    before.arrive(1, at: "new")
    before.start()
    before.warmUp("failed")
    before.arrive(1, at: "failed")
    before.start()
    before.endOldest(of: "failed", .trouble)
    before.now.monotonic += .seconds(1_000)
    let good = before.scheduler.knownGood(most: 10, at: before.now)
    #expect(good == [KnownGood(origin: ScheduleWorld.origin("a"), provenSeconds: 1_000)])
    before.now.monotonic += .seconds(1_000_000)
    #expect(before.scheduler.knownGood(most: 10, at: before.now).map(\.provenSeconds) == [3_600])
    var limits = SchedulerLimits()
    limits.worker = 8
    let origin = ScheduleWorld.origin("a")
    for (since, isProven) in [(Duration.seconds(-3_600), true), (.seconds(-3_599), false)] {
      var world = ScheduleWorld(limits: limits, knownGood: [origin: since])
      world.arrive(20, at: "a")
      let started = world.start()
      #expect(started.count == 4)
      let ref = MessageRef(lane: 0, number: started[0])
      #expect(world.scheduler.destinationIsProven(ref, at: world.now) == isProven)
      world.end(started[0], .success)
      #expect(
        world.scheduler.knownGood(most: 10, at: world.now).map(\.provenSeconds)
          == [isProven ? 3_600 : 3_599])
    }
  }

  @Test("slots go round the destinations, at most half of them to one while others wait")
  func fairShare() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a", "b", "c")
    world.arrive(100, at: "a")
    world.arrive(100, at: "b")
    world.start()
    #expect(world.inFlight("a") >= 3)
    #expect(world.inFlight("b") >= 3)
    #expect(world.inFlight("a") + world.inFlight("b") == 7)
    world.arrive(100, at: "c")
    for _ in 0..<20 { world.endOldest(.success); world.start() }
    #expect(world.inFlight("c") >= 2)
    #expect(world.inFlight("a") >= 2)
    #expect(world.inFlight("b") >= 2)
  }

  @Test("a destination alone gets all slots, and all but a quarter when others are known")
  func alone() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a")
    world.arrive(100, at: "a")
    #expect(world.start().count == 64)
    var other = ScheduleWorld(worker: 64)
    other.warmUp("a", "b")
    other.arrive(100, at: "a")
    #expect(other.start().count == 48)
  }

  @Test(
    "while the store has room for few outcomes, those that fail get one call every ten seconds, the others all"
  )
  func scarcity() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("good", "bad", "worse")
    for name in ["bad", "worse"] {
      world.arrive(2, at: name)
      world.start()
      world.endOldest(of: name, .trouble)
      world.endOldest(of: name, .trouble)
    }
    world.scheduler.handle(.scarcity(ScheduleWorld.grant, true), at: world.now)
    world.arrive(3, at: "bad")
    world.arrive(3, at: "worse")
    world.arrive(1, at: "new")
    world.arrive(3, at: "good")
    world.start()
    #expect(world.inFlight("good") == 3)
    #expect(world.inFlight("new") == 1)
    #expect(world.inFlight("bad") + world.inFlight("worse") == 0)
    world.endOldest(of: "new", .success)
    world.start()
    #expect(world.wakeAt == world.now.monotonic + .seconds(10))
    world.pass(.seconds(10))
    world.start()
    #expect(world.inFlight("bad") + world.inFlight("worse") == 1)
    world.pass(.seconds(9))
    world.start()
    #expect(world.inFlight("bad") + world.inFlight("worse") == 1)
    world.scheduler.handle(.scarcity(ScheduleWorld.grant, false), at: world.now)
    world.start()
    #expect(world.inFlight("bad") + world.inFlight("worse") > 1)
  }

  @Test("suspects together hold at most half of the slots while others wait")
  func suspects() {
    var world = ScheduleWorld(worker: 8)
    let bad = ["w", "x", "y", "z"]
    world.warmUp("a", "w", "x", "y", "z")
    for origin in bad {
      world.arrive(1, at: origin)
      world.start()
      world.endOldest(.trouble)
    }
    for origin in bad { world.arrive(50, at: origin) }
    world.arrive(200, at: "a")
    world.start()
    #expect(bad.reduce(0) { $0 + world.inFlight($1) } == 4)
    #expect(world.inFlight("a") == 3)
    // Neither side takes from the other's half as calls end.
    for _ in 0..<50 { world.endOldest(of: "a", .success); world.start() }
    #expect(world.inFlight("a") == 3)
  }

  @Test("a call that runs for more than a second makes a suspect until it ends")
  func slowCalls() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("slow", "a")
    world.arrive(50, at: "slow")
    world.start()
    #expect(world.inFlight("slow") == 6)
    world.pass(.milliseconds(1001))
    world.arrive(50, at: "a")
    world.start()
    #expect(world.inFlight("a") == 1)
    // As its calls end the slow one gets no new ones before the other has its half.
    for _ in 0..<3 { world.endOldest(of: "slow", .success); world.start() }
    #expect(world.inFlight("a") >= 3)
    #expect(world.inFlight("slow") <= 4)
  }

  @Test("a hanging destination leaves a healthy one its half for as long as it hangs")
  func hangingNeighbour() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("hangs", "a")
    world.arrive(500, at: "hangs")
    world.arrive(500, at: "a")
    world.start()
    for _ in 0..<300 {
      world.pass(.milliseconds(10))
      world.endOldest(of: "a", .success)
      world.start()
      #expect(world.inFlight("a") >= 3)
    }
  }

  @Test("a hundred new destinations that hang leave an eighth of the slots to one that works")
  func manyHangingNewcomers() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a")
    for number in 0..<100 { world.arrive(1, at: "hangs-\(number)") }
    #expect(world.start().count == 56)
    world.pass(.seconds(5))
    for _ in 0..<20 {
      world.arrive(1, at: "a")
      world.start()
      #expect(world.inFlight("a") == 1)
      world.endOldest(of: "a", .success)
    }
  }

  @Test("the oldest message always fails: the rest doesn't wait for it")
  func poisonedOldest() {
    var world = ScheduleWorld(worker: 4)
    world.arrive(300, at: "a")
    var delivered = 0
    for _ in 0..<400 {
      for ref in world.start() {
        if ref == 1 {
          world.retry(ref, after: .seconds(2))
        } else {
          world.end(ref, .success)
          delivered += 1
        }
      }
    }
    #expect(delivered == 299)
    #expect(world.now.monotonic == .zero)
  }

  @Test("new and retried messages go in turn")
  func inTurn() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(4, at: "a")
    for _ in 0..<4 { world.retry(world.start()[0], after: .seconds(2)) }
    world.pass(.seconds(3))
    world.arrive(4, at: "a")
    let isRetried = (0..<8).map { _ in world.deliverNext()! <= 4 }
    #expect(zip(isRetried, isRetried.dropFirst()).allSatisfy { $0 != $1 })
  }

  @Test("a retry starts when it is due, not before, and not before it is recorded")
  func retry() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a")
    world.start()
    world.retry(1, after: .seconds(2), acknowledged: false)
    world.pass(.seconds(5))
    #expect(world.start() == [])
    world.acknowledge(1)
    #expect(world.start() == [1])
    world.retry(1, after: .seconds(4))
    #expect(world.start() == [])
    #expect(world.wakeAt == .seconds(9))
    world.pass(.milliseconds(3999))
    #expect(world.start() == [])
    world.pass(.milliseconds(1))
    #expect(world.start() == [1])
  }

  @Test("a count of attempts at its end stays there")
  func attemptsAtTheEnd() {
    var world = ScheduleWorld(worker: 1)
    var entry = world.entry(1, at: "a")
    entry.attempts = .max
    world.scheduler.handle(.arrived(ScheduleWorld.grant, [entry]), at: world.now)
    #expect(world.plan().starts.map(\.number) == [.max])
    world.retry(1, after: .seconds(1))
    world.pass(.seconds(1))
    #expect(world.plan().starts.map(\.number) == [.max])
  }

  @Test("a message whose outcome the store refused is dropped")
  func refused() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a")
    world.start()
    world.retry(1, after: .seconds(2), acknowledged: false)
    world.acknowledge(1, refused: true)
    world.pass(.seconds(10))
    #expect(world.start() == [])
    #expect(world.scheduler.scheduledCount == 0)
  }

  @Test("a destination that asked for silence is left alone, others are not")
  func held() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a", "b")
    world.arrive(3, at: "a")
    let first = world.start()[0]
    world.end(first, .neutral, hold: .seconds(30))
    world.arrive(1, at: "b")
    #expect(world.start().count == 1)
    for ref in world.flying("a") { world.end(ref, .success) }
    world.arrive(1, at: "a")
    #expect(world.start() == [])
    world.pass(.seconds(29))
    #expect(world.start() == [])
    #expect(world.wakeAt == .seconds(30))
    world.pass(.seconds(1))
    #expect(world.start().count == 1)
  }

  @Test("NotBefore follows the wall clock, which is looked at every 10 seconds")
  func notBefore() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a", due: .at(unixMs: world.now.wallMs + 60_000))
    #expect(world.start() == [])
    #expect(world.wakeAt == .seconds(10))
    world.now.wallMs += 61_000  // the clock is set forward
    world.pass(.seconds(10))
    #expect(world.start() == [1])
  }

  @Test("what is due in more than 10 minutes stays in the store, and is fetched when it is due")
  func farAway() {
    var world = ScheduleWorld(worker: 1)
    world.arrive(1, at: "a", due: .after(milliseconds: 3_600_000))
    #expect(world.start() == [])
    #expect(world.scheduler.scheduledCount == 0)
    #expect(world.wakeAt == .seconds(3600))
    world.pass(.seconds(3600))
    world.start()
    #expect(world.pages.count == 1)
    world.answerPages([world.entry(1, at: "a")])
    #expect(world.start() == [1])
  }

  @Test("what was left in the store is read as it is needed, not all at once")
  func lapsRest() throws {
    var limits = SchedulerLimits()
    limits.worker = 1
    limits.timed = 8
    limits.page = 4
    var world = ScheduleWorld(limits: limits)
    world.arrive(20, at: "a", due: .after(milliseconds: 1000))
    world.pass(.seconds(2))
    func attempt(_ world: inout ScheduleWorld, _ numbers: ClosedRange<UInt64>) {
      for number in numbers {
        #expect(world.start() == [number])
        world.end(number, .neutral)
      }
    }
    attempt(&world, 1...4)
    #expect(world.pages.isEmpty)
    attempt(&world, 5...5)
    let first = try #require(world.pages.first)
    let page = PendingPage(
      entries: (9...12).map { world.entry($0, at: "a") }, next: Cursor(value: 12), upTo: 12)
    world.scheduler.pageArrived(page, for: first, at: world.now)
    attempt(&world, 6...8)
    #expect(world.pages.count == 1)
    attempt(&world, 9...9)
    #expect(world.pages.count == 2)
    #expect(world.pages.last?.after == Cursor(value: 12))
  }

  @Test("messages that were announced behind later ones are walked to, and nobody goes twice")
  func moreBehind() {
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a")
    let late = world.entry(9, at: "a")
    world.scheduler.handle(.arrived(ScheduleWorld.grant, [late]), at: world.now)
    let more = MoreWaiting(origin: ScheduleWorld.origin("a"), from: 2)
    world.scheduler.handle(.more(ScheduleWorld.grant, [more]), at: world.now)
    var started: [UInt64] = []
    for _ in 0..<4 {
      started += world.start()
      world.answerPages((2...9).map { world.entry($0, at: "a") })
    }
    #expect(started.sorted() == Array(2...9))
    #expect(world.pages.isEmpty)
  }

  @Test("an unrecorded limit stops new attempts until the store acknowledges")
  func unrecorded() {
    var limits = SchedulerLimits()
    limits.worker = 2
    limits.unrecorded = 3
    var world = ScheduleWorld(limits: limits)
    world.warmUp("a")
    world.arrive(10, at: "a")
    var started = 0
    for _ in 0..<10 {
      let refs = world.start()
      started += refs.count
      for ref in refs { world.end(ref, .success, acknowledged: false) }
    }
    #expect(started <= 4)
    for ref in 1...20 { world.acknowledge(UInt64(ref)) }
    #expect(world.start().count == 2)
  }

  @Test("a revoked lane is forgotten; a new grant begins anew")
  func revoked() {
    var world = ScheduleWorld(worker: 2)
    world.warmUp("a")
    world.arrive(3, at: "a")
    let flying = world.start()
    world.scheduler.handle(.revoked(ScheduleWorld.grant), at: world.now)
    #expect(world.start() == [])
    #expect(world.scheduler.destinationCount == 0)
    #expect(world.scheduler.scheduledCount == 0)
    for ref in flying {
      let judgement = Judgement(.delivered(AttemptNote(status: 200)), DestinationSignal(.success))
      let recordsUnder = world.scheduler.ended(
        MessageRef(lane: 0, number: ref), judgement, at: world.now)
      #expect(recordsUnder == nil)
    }
    let again = LaneGrant(lane: 0, epoch: 2)
    world.scheduler.handle(.granted(again), at: world.now)
    world.scheduler.handle(.arrived(again, [world.entry(9, at: "a")]), at: world.now)
    #expect(world.start() == [9])
  }

  @Test("a full window still gives every destination its floor")
  func fullWindow() {
    var limits = SchedulerLimits()
    limits.worker = 4
    limits.window = 100
    limits.floor = 2
    var world = ScheduleWorld(limits: limits)
    for number in 0..<50 { world.arrive(20, at: "dead\(number)") }
    #expect(world.scheduler.scheduledCount <= 100 + 2 * 50)
    world.arrive(1, at: "healthy")
    #expect(world.scheduler.destinationCount == 51)
    #expect(world.scheduler.destinations.live.allSatisfy { $0.queue.count > 0 })
  }

  @Test("what will start next is named once for reading ahead, when the destination flows")
  func readAhead() {
    var world = ScheduleWorld(worker: 2)
    world.arrive(100, at: "a")
    #expect(world.plan().starts[0].ahead.isEmpty)
    world.end(1, .success)
    let plan = world.plan()
    #expect(plan.starts.count == 2)
    #expect(plan.starts[0].ahead.map(\.number) == Array(3...34))
    #expect(plan.starts[1].ahead.isEmpty)
  }

  @Test("suspects go behind the others, one at a time; what is held back ends without an attempt")
  func crashSuspects() {
    func ref(_ number: UInt64) -> MessageRef { MessageRef(lane: 0, number: number) }
    var world = ScheduleWorld(worker: 8)
    world.warmUp("a", times: 1)
    world.scheduler.suspects = CrashSuspects(
      suspects: [ref(2), ref(3), ref(4)], heldBack: [ref(4)])
    world.arrive(5, at: "a")
    #expect(world.start() == [5, 6])
    #expect(world.expired.map(\.message.ref.number) == [4])
    #expect(world.expired.map(\.cause) == [.endedTheProcess])
    world.end(5, .success)
    world.end(6, .success)
    world.pass(.seconds(3))
    #expect(world.start() == [2])
    world.pass(.seconds(3))
    #expect(world.start() == [])
    world.end(2, .neutral)
    world.pass(.seconds(3))
    #expect(world.start() == [3])
  }

  @Test("a destination is proven an hour after its first success, forgotten meanwhile or not")
  func proven() {
    var world = ScheduleWorld(worker: 2)
    func isProven(_ name: String) -> Bool {
      world.arrive(1, at: name)
      let number = world.start()[0]
      defer { world.end(number, .answered) }
      return world.scheduler.destinationIsProven(MessageRef(lane: 0, number: number), at: world.now)
    }
    world.warmUp("a")
    #expect(!isProven("a"))
    for _ in 0..<6 {
      world.pass(.seconds(600))
      world.start()
    }
    #expect(world.scheduler.destinationCount == 0)
    #expect(isProven("a"))
    #expect(!isProven("b"))
  }

  @Test("a destination without messages is forgotten after 10 minutes")
  func forgotten() {
    var world = ScheduleWorld(worker: 2)
    world.arrive(1, at: "a")
    _ = world.deliverNext()
    #expect(world.scheduler.destinationCount == 1)
    world.start()
    #expect(world.wakeAt == .seconds(600))
    world.pass(.seconds(600))
    world.start()
    #expect(world.scheduler.destinationCount == 0)
    #expect(world.wakeAt == nil)
  }
}
