extension Scheduler {
  /// After any change of a destination: a seat in the ring when it can run, a page when it needs
  /// one, and the time when either may become true by itself.
  mutating func refresh(_ i: Int, at now: Moment) {
    destinations[i].queue.releaseAbsolute(at: now)
    if destinations[i].seat == nil, destinations[i].mayRun(slots: limits.worker, at: now) {
      takeSeat(i)
    }
    let wantsPage = wantsTail(i) || wantsLap(i, at: now)
    let pageIsLate = destinations[i].pageNotBefore.map { $0 > now.monotonic } ?? false
    if wantsPage, !pageIsLate, destinations[i].page == nil, !destinations[i].isPageQueued {
      destinations[i].isPageQueued = true
      pageQueue.append(i)
    }
    if !destinations[i].isIdle {
      destinations[i].idleSince = nil
    } else if destinations[i].idleSince == nil {
      destinations[i].idleSince = now.monotonic
      destinations[i].queue.giveBack()
    }
    if let next = destinations[i].nextWake(wantsPage: wantsPage, limits: limits, at: now) {
      wakes.register(i, at: next)
    }
  }

  mutating func place(
    _ entry: PendingEntry, in i: Int, lined: Bool, at now: Moment
  ) {
    let timedMax = limits.share(of: limits.timed, hot: hot)
    let horizon = limits.horizon
    withQueue(i) {
      $0.place(entry, lined: lined, at: now, timedMax: timedMax, horizon: horizon)
    }
  }

  mutating func place(_ message: Waiting, due: Duration, in i: Int, at now: Moment) {
    let timedMax = limits.share(of: limits.timed, hot: hot)
    let horizon = limits.horizon
    withQueue(i) {
      $0.place(message, due: due, at: now, timedMax: timedMax, horizon: horizon)
    }
  }

  mutating func withQueue<T>(_ i: Int, _ body: (inout DestinationQueue) -> T) -> T {
    hot -= destinations[i].queue.count
    defer { hot += destinations[i].queue.count }
    return body(&destinations[i].queue)
  }

  mutating func withGate(_ i: Int, _ body: (inout DestinationGate) -> Void) {
    let ring = destinations[i].ring
    suspectCalls -= destinations[i].gate.suspectCalls
    doubtfulCalls -= destinations[i].gate.doubtfulCalls
    body(&destinations[i].gate)
    suspectCalls += destinations[i].gate.suspectCalls
    doubtfulCalls += destinations[i].gate.doubtfulCalls
    if destinations[i].ring != ring, destinations[i].seat != nil { takeSeat(i) }
  }

  mutating func endFlight(
    _ ref: MessageRef, signal: DestinationSignal, at now: Moment
  ) -> Flight? {
    guard let flight = flights.removeValue(forKey: ref), !flight.isOrphan else { return nil }
    withGate(flight.destination) { $0.ended(wasSlow: flight.isSlow, signal: signal, at: now) }
    return flight
  }
}

extension Scheduler {
  mutating func destination(_ origin: Origin, under grant: LaneGrant) -> Int {
    let key = DestinationKey(lane: grant.lane, origin: origin)
    return destinations[key] ?? destinations.add(key, under: grant)
  }

  mutating func forgetIfIdle(_ i: Int, at now: Moment) {
    guard destinations[i].isIdle, let since = destinations[i].idleSince,
      since + limits.forgetAfter <= now.monotonic
    else { return }
    remove(i)
  }

  mutating func remove(_ i: Int) {
    withGate(i) { $0 = DestinationGate() }
    hot -= destinations[i].queue.count
    wakes.forget(i)
    destinations.remove(i)
  }

  mutating func revoke(lane: UInt16) {
    lanes[lane] = nil
    for (ref, flight) in flights
    where !flight.isOrphan && destinations[flight.destination].key.lane == lane {
      flights[ref]?.isOrphan = true
    }
    unrecorded = unrecorded.filter { destinations[$0.value.destination].key.lane != lane }
    for i in destinations.numbers(ofLane: lane) { remove(i) }
  }
}
