extension Scheduler {
  package struct Start: Sendable, Equatable {
    package let message: Waiting
    package let origin: Origin
    /// What this destination will start next, if it flows: worth reading in the same go.
    package var ahead: [MessageRef] = []
    package var ref: MessageRef { message.ref }
    /// Which attempt it is, the first is 1.
    package var number: UInt32 { message.nextAttempt }
  }

  package struct Plan: Sendable {
    package var starts: [Start] = []
    package var pages: [PageRequest] = []
    /// When to ask again at the latest, if nothing happens before.
    package var wakeAt: Duration?
  }

  package mutating func plan(at now: Moment) -> Plan {
    advance(to: now)
    var plan = Plan()
    while let i = nextDestination(at: now) {
      guard let start = begin(in: i, at: now) else { break }
      plan.starts.append(start)
    }
    while pagesUnderWay < limits.pagesInFlight, let i = pageQueue.popFirst() {
      destinations[i].isPageQueued = false
      if let request = nextPage(of: i, at: now) { plan.pages.append(request) }
    }
    plan.wakeAt = wakes.earliest
    if let spare = nextSpareCall, rings.count(.suspect) > 0 {
      plan.wakeAt = min(plan.wakeAt ?? spare, max(spare, now.monotonic))
    }
    return plan
  }

  mutating func advance(to now: Moment) {
    while let first = young.first, first.began + limits.slowCall <= now.monotonic {
      young.removeFirst()
      guard let flight = flights[first.ref], flight.id == first.id else { continue }
      flights[first.ref]?.isSlow = true
      if !flight.isOrphan { withGate(flight.destination) { $0.becameSlow() } }
    }
    while let i = wakes.popDue(at: now.monotonic) {
      guard destinations[i].isLive else { continue }
      refresh(i, at: now)
      forgetIfIdle(i, at: now)
    }
  }

  mutating func begin(in i: Int, at now: Moment) -> Start? {
    guard let message = withQueue(i, { $0.takeReady(at: now) }) else { return nil }
    nextID += 1
    flights[message.ref] = Flight(id: nextID, destination: i, message: message)
    young.append((message.ref, nextID, now.monotonic))
    if young.count > 4 * limits.worker + 1024 {
      young.removeAll { flights[$0.ref]?.id != $0.id }
    }
    withGate(i) { $0.began() }
    refresh(i, at: now)
    var start = Start(message: message, origin: destinations[i].key.origin)
    if destinations[i].gate.isFlowing {
      start.ahead = destinations[i].queue.readAhead(limits.readAhead)
    }
    return start
  }
}
