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
    /// To be recorded as dead.
    package var expired: [Expired] = []
    /// When to ask again at the latest, if nothing happens before.
    package var wakeAt: Duration?
  }

  package mutating func plan(at now: Moment) -> Plan {
    refillAges(at: now)
    advance(to: now)
    var plan = Plan()
    while let i = nextDestination(at: now) {
      // All that was ready may turn out to belong to paths in trouble, or to have expired.
      guard let start = begin(in: i, at: now) else { continue }
      plan.starts.append(start)
    }
    while pagesUnderWay < limits.pagesInFlight, let i = pageQueue.popFirst() {
      destinations[i].isPageQueued = false
      if let request = nextPage(of: i, at: now) {
        plan.pages.append(request)
      } else if destinations[i].isLive {
        // It was wanted before something else changed: when to look again is to be registered.
        refresh(i, at: now)
      }
    }
    swap(&plan.expired, &expired)
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

  /// The next one that has not expired.
  private mutating func takeReady(in i: Int, at now: Moment) -> Ready? {
    let parkedMax = limits.share(of: limits.timed, hot: hot)
    var left: [Waiting] = []
    defer { leftInStore(left, of: i) }
    while let ready = withQueue(
      i, { $0.takeReady(at: now, parkedMax: parkedMax, left: &left) })
    {
      guard isExpired(ready.message, at: now) else {
        if mayTry(ready.message, in: i, at: now) { return ready }
        continue
      }
      expire(ready.message, in: i)
    }
    return nil
  }

  /// One that may have ended the process waits for its turn, or is over.
  private mutating func mayTry(_ message: Waiting, in i: Int, at now: Moment) -> Bool {
    if suspects.isEmpty { return true }
    switch suspects.turn(of: message.ref, at: now) {
    case .now: return true
    case .later: place(message, due: now.monotonic + limits.pageRetry, in: i, at: now)
    case .never:
      suspects.isOver(message.ref)
      expire(message, in: i, cause: .endedTheProcess)
    }
    return false
  }

  mutating func begin(in i: Int, at now: Moment) -> Start? {
    guard let ready = takeReady(in: i, at: now) else {
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
    suspects.began(message.ref)
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
