extension Scheduler {
  package struct Start: Sendable, Equatable {
    package let message: Waiting
    package let origin: Origin
    /// What this destination will start next, if it flows: worth reading in the same go.
    package var ahead: [MessageRef] = []
    /// It matters that the connection is accepted: see `Scheduler.reached`.
    package var isFirst = false
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
      // All that was ready may turn out to belong to paths in trouble.
      guard let start = begin(in: i, at: now) else { continue }
      plan.starts.append(start)
    }
    while pagesUnderWay < limits.pagesInFlight, let i = pageQueue.popFirst() {
      destinations[i].isPageQueued = false
      if let request = nextPage(of: i, at: now) { plan.pages.append(request) }
    }
    plan.wakeAt = wakes.earliest
    if firstCalls > 0, let first = young.first {
      // A first call that runs for so long makes room for others.
      let slow = first.began + limits.slowCall
      plan.wakeAt = min(plan.wakeAt ?? slow, slow)
    }
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
      if !flight.isOrphan {
        withGate(flight.destination) { $0.becameSlow() }
        refresh(flight.destination, at: now)
      }
    }
    while let i = wakes.popDue(at: now.monotonic) {
      guard destinations[i].isLive else { continue }
      refresh(i, at: now)
      forgetIfIdle(i, at: now)
    }
  }

  mutating func begin(in i: Int, at now: Moment) -> Start? {
    let parkedMax = limits.share(of: limits.timed, hot: hot)
    guard let ready = withQueue(i, { $0.takeReady(at: now, parkedMax: parkedMax) }) else {
      refresh(i, at: now)
      return nil
    }
    let message = ready.message
    nextID += 1
    let counted = destinations[i].queue.callBegan(message.path, at: now)
    flights[message.ref] = Flight(
      id: nextID, destination: i, message: message, counted: counted, pulledBy: ready.pulledBy)
    young.append((message.ref, nextID, now.monotonic))
    if young.count > 4 * limits.worker + 1024 {
      young.removeAll { flights[$0.ref]?.id != $0.id }
    }
    withGate(i) { $0.began() }
    refresh(i, at: now)
    var start = Start(message: message, origin: destinations[i].key.origin)
    start.isFirst = !destinations[i].gate.hasSucceeded
    if destinations[i].gate.isFlowing {
      start.ahead = destinations[i].queue.readAhead(limits.readAhead)
    }
    return start
  }
}
