import Testing

@testable import Delivery

extension AttemptResult {
  fileprivate static let noPort = AttemptResult.unavailable(.ports, detail: "no local port")
}

@Suite("The delivery service", .timeLimit(.minutes(5)))
struct DeliveryServiceTests {
  @Test("a message is sent once with what the receiver is promised, and is then delivered")
  func delivers() async throws {
    let world = DeliveryWorld(configure: { $0.userAgent = "Dispatcher/1.2.3" })
    try await world.enqueue()
    try await world.until { try await world.state("m-1") == .delivered }
    let call = try #require(world.sender.calls.first)
    #expect(world.sender.calls.count == 1)
    #expect(call.request.url == "http://b:80/hook")
    #expect(call.request.method == "POST")
    #expect(call.request.body == Array("{}".utf8))
    #expect(call.request.timeout == .seconds(10))
    #expect(
      call.header == [
        "X-Own": "Yes", "webhook-id": "m-1", "webhook-timestamp": "1790000000",
        "Dispatcher-Attempt": "1", "Dispatcher-Instance": InstanceMark.own,
        "User-Agent": "Dispatcher/1.2.3",
      ])
    let counters = world.service.deliveryCounters()
    #expect(counters.attempts == [AttemptClass(outcome: "delivered", kind: "2xx"): 1])
    #expect(counters.inFlight == 0)
    #expect(counters.scheduled == 0)
    await world.end()
  }

  @Test("a failing message is tried again after 2, 4 and 8 seconds, with its attempts counted")
  func retries() async throws {
    let world = DeliveryWorld {
      $0.header["Dispatcher-Attempt"] == "4" ? .status(204) : .status(500)
    }
    try await world.enqueue()
    try await world.until(step: .milliseconds(100)) { try await world.state("m-1") == .delivered }
    let times = world.sender.calls.map(\.at)
    #expect(times.count == 4)
    for (pair, wait) in zip(zip(times, times.dropFirst()), [2, 4, 8]) {
      #expect(pair.1 - pair.0 >= .seconds(wait))
    }
    #expect(try await world.store.lookup(uuid: "m-1")?.attempts == 4)
    #expect(
      world.service.deliveryCounters().attempts == [
        AttemptClass(outcome: "retry", kind: "5xx"): 3,
        AttemptClass(outcome: "delivered", kind: "2xx"): 1,
      ])
    await world.end()
  }

  @Test(
    "an attempt that we lacked the means for is made again a second later and charged to nobody")
  func ownShortage() async throws {
    let world = DeliveryWorld { $0.at < .seconds(3) ? .result(.noPort) : .status(200) }
    // More than troubles in a row would open the circuit, and more attempts than it may have.
    try await world.enqueue(20, limits: RetryLimits(maxAttempts: 1))
    try await world.until(step: .milliseconds(50)) { await world.store.counts().delivered == 20 }
    #expect(world.time.monotonic() < .seconds(5))
    #expect(Set(world.sender.calls.map { $0.header["Dispatcher-Attempt"] }) == ["1"])
    let put = world.sender.calls.count { $0.at < .seconds(3) }
    // One call each second: the destination was never seen to work.
    #expect((2...4).contains(put))
    let counters = world.service.deliveryCounters()
    #expect(counters.attempts == [AttemptClass(outcome: "delivered", kind: "2xx"): 20])
    #expect(counters.shortages == [.ports: UInt64(put)])
    await world.end()
  }

  @Test("a permanent answer is a dead letter with its reason")
  func deadLetter() async throws {
    let world = DeliveryWorld { _ in .status(410) }
    try await world.enqueue()
    try await world.until { try await world.state("m-1") == .dead }
    let status = try #require(try await world.store.lookup(uuid: "m-1"))
    #expect(status.lastStatus == 410)
    #expect(status.lastError == "HTTP 410 is permanent")
    #expect(status.attempts == 1)
    await world.end()
  }

  @Test("the last attempt that a message may have is made as its last")
  func lastAttempt() async throws {
    let world = DeliveryWorld { _ in .status(500) }
    try await world.enqueue(1, limits: RetryLimits(maxAttempts: 2))
    try await world.until(step: .milliseconds(100)) { try await world.state("m-1") == .dead }
    #expect(world.sender.calls.map(\.request.isLastAttempt) == [false, true])
    await world.end()
  }

  @Test("the oldest message always fails: the rest is delivered without a wait")
  func poisonedOldest() async throws {
    let world = DeliveryWorld { $0.uuid == "m-1" ? .status(500) : .status(200) }
    try await world.enqueue(500)
    try await world.until { await world.store.counts().delivered == 499 }
    #expect(world.time.monotonic() == .zero)
    await world.end()
  }

  @Test("a destination that is alone is driven with all slots when as many calls ended well")
  func allSlots() async throws {
    let world = DeliveryWorld(configure: { $0.worker = 8 }) { call in
      (1...7).contains(Int(call.uuid.dropFirst(2)) ?? 0) ? .status(200) : .hang
    }
    try await world.enqueue(30)
    try await world.until { world.sender.hangingCount == 8 }
    #expect(world.service.deliveryCounters().inFlight == 8)
    await world.end()
  }

  @Test("a destination that never answers does not delay another one")
  func hangingNeighbour() async throws {
    let world = DeliveryWorld(configure: { $0.worker = 4 }) { call in
      call.request.origin.description == "http://dead:80" ? .hang : .status(200)
    }
    try await world.enqueue(20, to: "http://dead:80", prefix: "d")
    try await world.enqueue(200)
    try await world.until { await world.store.counts().delivered == 200 }
    #expect(world.sender.highest(Origin(normalised: "http://dead:80")) == 1)
    await world.end()
  }

  @Test("what waited before the start is walked to, far beyond the event window and the hot part")
  func backlog() async throws {
    let log = InMemoryLog()
    let before = DeliveryWorld(log: log) { _ in .hang }
    try await before.enqueue(1500)
    await before.end()
    let world = DeliveryWorld(
      log: log, storeOptions: .init(arrivalWindow: 10),
      configure: {
        $0.schedule.fresh = 32
        $0.schedule.page = 16
      })
    try await world.enqueue(300, prefix: "later")
    try await world.until { await world.store.counts().delivered == 1800 }
    #expect(Set(world.sender.calls.map(\.uuid)).count == 1800)
    #expect(world.sender.calls.count == 1800)
    await world.end()
  }

  @Test("attempts and due times go on after a restart")
  func restart() async throws {
    let log = InMemoryLog()
    let before = DeliveryWorld(log: log) { _ in .status(503) }
    try await before.enqueue()
    try await before.until { try await before.store.lookup(uuid: "m-1")?.attempts == 1 }
    await before.end()
    let world = DeliveryWorld(log: log)
    try await world.until(step: .milliseconds(100)) { try await world.state("m-1") == .delivered }
    let call = try #require(world.sender.calls.first)
    #expect(call.header["Dispatcher-Attempt"] == "2")
    #expect(call.at >= .seconds(2))
    await world.end()
  }

  @Test("shutdown lets attempts in flight end, starts none, and records what came of them")
  func gracefulShutdown() async throws {
    let world = DeliveryWorld(configure: { $0.worker = 1 }) { _ in .hang }
    try await world.enqueue(2)
    try await world.until { world.sender.hangingCount == 1 }
    let shutdown = Task { await world.service.shutdown(grace: .seconds(25)) }
    for _ in 0..<200 { await Task.yield() }
    world.sender.release(.response(ResponseSummary(status: 200)))
    await shutdown.value
    #expect(try await world.state("m-1") == .delivered)
    #expect(try await world.state("m-2") == .ready)
    #expect(world.sender.calls.count == 1)
    await world.end()
  }

  @Test("after the grace the rest is cancelled and charged no attempt")
  func interrupted() async throws {
    let world = DeliveryWorld { _ in .hang }
    try await world.enqueue()
    try await world.until { world.sender.hangingCount == 1 }
    let shutdown = Task { await world.service.shutdown(grace: .seconds(25)) }
    try await world.until(step: .seconds(1)) { world.sender.hangingCount == 0 }
    await shutdown.value
    #expect(world.time.monotonic() >= .seconds(25))
    let status = try #require(try await world.store.lookup(uuid: "m-1"))
    #expect(status.attempts == 0)
    #expect(status.state == .ready)
    #expect(
      world.service.deliveryCounters().attempts == [
        AttemptClass(outcome: "interrupted", kind: "none"): 1
      ])
    await world.end()
  }

  @Test("shutdown returns when the service never ran")
  func shutdownBeforeRun() async {
    let time = ManualTime()
    let service = DeliveryService(
      store: InMemoryStore(clock: time), sender: ScriptedSender(time: time) { _ in .hang },
      clock: time, logger: .init(label: "test"), sleep: time.sleep)
    await service.shutdown()
    await service.run()
  }

  @Test("while the store records nothing little is started, and later nothing is lost")
  func failingStore() async throws {
    let world = DeliveryWorld(configure: {
      $0.worker = 2
      $0.schedule.unrecorded = 4
    })
    world.store.setFaults { $0.record = .unavailable(reason: "tried by a test") }
    try await world.enqueue(50)
    for _ in 0..<2000 { await Task.yield() }
    #expect(world.sender.calls.count <= 5)
    #expect(await world.store.counts().delivered == 0)
    world.store.setFaults { $0.record = nil }
    try await world.until(step: .milliseconds(100)) {
      await world.store.counts().delivered == 50
    }
    #expect(world.sender.calls.count == 50)
    await world.end()
  }

  @Test("a message whose body can't be read is tried again later and delays no other")
  func unreadable() async throws {
    let world = DeliveryWorld()
    world.store.setFaults { $0.unreadable = [MessageRef(lane: 0, number: 1)] }
    try await world.enqueue(3)
    try await world.until { await world.store.counts().delivered == 2 }
    #expect(try await world.state("m-1") == .ready)
    world.store.setFaults { $0.unreadable = [] }
    try await world.until(step: .seconds(1)) { try await world.state("m-1") == .delivered }
    #expect(world.time.monotonic() >= .seconds(300))
    await world.end()
  }

  @Test("bodies larger than the budget go one after the other")
  func bodyBudget() async throws {
    let world = DeliveryWorld(configure: {
      $0.bodyBytesMax = 1000
      $0.bodyMemoryMax = 100
    })
    try await world.enqueue(20, body: [UInt8](repeating: 1, count: 1000))
    try await world.until { await world.store.counts().delivered == 20 }
    #expect(world.sender.highest(Origin(normalised: "http://b:80")) == 1)
    await world.end()
  }

  @Test("a delayed message waits for its time")
  func delayed() async throws {
    let world = DeliveryWorld()
    try await world.enqueue(prefix: "delay", start: .delay(milliseconds: 5000))
    try await world.enqueue(prefix: "at", start: .notBefore(unixMs: world.time.wallMs() + 30_000))
    try await world.until(step: .milliseconds(250)) { await world.store.counts().delivered == 2 }
    let at = Dictionary(uniqueKeysWithValues: world.sender.calls.map { ($0.uuid, $0.at) })
    #expect(at["delay-1"]! >= .seconds(5) && at["delay-1"]! < .seconds(15))
    #expect(at["at-1"]! >= .seconds(30) && at["at-1"]! < .seconds(45))
    await world.end()
  }

  @Test("a message in flight is known to be")
  func inFlightProbe() async throws {
    let world = DeliveryWorld { _ in .hang }
    try await world.enqueue()
    try await world.until { world.sender.hangingCount == 1 }
    #expect(world.service.isInFlight(MessageRef(lane: 0, number: 1)))
    #expect(!world.service.isInFlight(MessageRef(lane: 0, number: 2)))
    await world.end()
  }

  @Test("a message whose outcome is not recorded yet still counts as in flight")
  func unrecordedProbe() async throws {
    let world = DeliveryWorld(storeOptions: .init(unhurriedWait: true), configure: { _ in })
    try await world.enqueue()
    try await world.until { world.service.deliveryCounters().attempts.count == 1 }
    #expect(world.service.deliveryCounters().inFlight == 0)
    #expect(world.service.isInFlight(MessageRef(lane: 0, number: 1)))
    #expect(try await world.state("m-1") != .delivered)
    world.store.releaseCommits()
    try await world.until { !world.service.isInFlight(MessageRef(lane: 0, number: 1)) }
    #expect(try await world.state("m-1") == .delivered)
    await world.end()
  }

  @Test("many outcomes ask for a commit of their own when there is none to ride on")
  func outcomesDoNotPileUp() async throws {
    let world = DeliveryWorld(storeOptions: .init(unhurriedWait: true), configure: { _ in })
    try await world.enqueue(3000, start: .delay(milliseconds: 1000))
    // The last of them wait for a commit, or for being enough for one.
    try await world.until(step: .milliseconds(1)) {
      await world.store.counts().delivered > 3000 - 300
    }
    world.store.releaseCommits()
    try await world.until { await world.store.counts().delivered == 3000 }
    await world.end()
  }

  @Test("a retry that is due soon does not wait for a commit to ride on")
  func shortScheduleIsKept() async throws {
    let world = DeliveryWorld(storeOptions: .init(unhurriedWait: true), configure: { _ in }) {
      $0.header["Dispatcher-Attempt"] == "3" ? .status(200) : .status(500)
    }
    try await world.enqueue(limits: RetryLimits(scheduleMs: [100]))
    try await world.until(step: .milliseconds(10)) { world.sender.calls.count == 3 }
    world.store.releaseCommits()
    await world.end()
  }

  @Test("when the store closes delivery ends by itself")
  func storeCloses() async throws {
    let world = DeliveryWorld { _ in .hang }
    try await world.enqueue()
    try await world.until { world.sender.hangingCount == 1 }
    await world.store.close()
    for _ in 0..<200 { await Task.yield() }
    world.sender.release(.interrupted)
    await world.end()
  }
}
