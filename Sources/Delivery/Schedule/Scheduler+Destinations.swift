extension Scheduler {
  /// After any change of a destination: a seat in the ring when it can run, a page when it needs
  /// one, and the time when either may become true by itself.
  mutating func refresh(_ i: Int, at now: Moment) {
    destinations[i].queue.releaseAbsolute(at: now)
    expireDue(i, at: now)
    if destinations[i].seat == nil, destinations[i].mayRun(at: now) {
      takeSeat(i)
    }
    let wantsPage = wantsTail(i) || wantsLap(i, at: now) || dueAgesWalk(i, at: now) != nil
    let pageIsLate = destinations[i].pageNotBefore.map { $0 > now.monotonic } ?? false
    if wantsPage, !pageIsLate, destinations[i].page == nil, !destinations[i].isPageQueued {
      destinations[i].isPageQueued = true
      pageQueue.append(i)
    }
    if !destinations[i].isIdle {
      destinations[i].idleSince = nil
    } else if destinations[i].idleSince == nil {
      destinations[i].idleSince = now.monotonic
      withQueue(i) { $0.giveBack(at: now) }
    }
    if let next = destinations[i].nextWake(wantsPage: wantsPage, limits: limits, at: now) {
      wakes.register(i, at: next)
    }
    if let next = nextAgesLook(i, at: now) { wakes.register(i, at: next) }
  }

  mutating func place(
    _ entry: PendingEntry, in i: Int, lined: Bool, at now: Moment
  ) {
    let timedMax = limits.share(of: limits.timed, hot: hot)
    let horizon = limits.horizon
    var entry = entry
    if entry.attempts > 0, case .after(let waitMs) = entry.due, let most = limits.retryWait {
      entry.due = .after(milliseconds: min(waitMs, most.millisecondsRoundedUp))
    }
    let left = withQueue(i) {
      $0.place(entry, lined: lined, at: now, timedMax: timedMax, horizon: horizon)
    }
    destinations[i].ages.inMemory(entry.expiryMs(common: limits.maxAgeMs))
    leftInStore(left, of: i)
  }

  mutating func place(_ message: Waiting, due: Duration, in i: Int, at now: Moment) {
    let timedMax = limits.share(of: limits.timed, hot: hot)
    let horizon = limits.horizon
    let left = withQueue(i) {
      $0.place(message, due: due, at: now, timedMax: timedMax, horizon: horizon)
    }
    destinations[i].ages.inMemory(message.expiryMs(common: limits.maxAgeMs))
    leftInStore(left, of: i)
  }

  /// What the store still holds of it is not forgotten when it expires there.
  mutating func leftInStore(_ messages: [Waiting], of i: Int) {
    for message in messages { withAges(i) { $0.leftInStore(message, $1) } }
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
    slowCalls -= destinations[i].gate.slow
    if destinations[i].gate.awaitsFirst { firstCalls -= 1 }
    body(&destinations[i].gate)
    suspectCalls += destinations[i].gate.suspectCalls
    doubtfulCalls += destinations[i].gate.doubtfulCalls
    slowCalls += destinations[i].gate.slow
    if destinations[i].gate.awaitsFirst { firstCalls += 1 }
    if destinations[i].ring != ring, destinations[i].seat != nil { takeSeat(i) }
  }

  mutating func endFlight(
    _ ref: MessageRef, signal: DestinationSignal, isRetried: Bool, at now: Moment
  ) -> Flight? {
    suspects.ended(ref)
    guard let flight = flights.removeValue(forKey: ref), !flight.isOrphan else { return nil }
    let i = flight.destination
    if signal.health == .success, destinations[i].firstSuccess == nil {
      destinations[i].firstSuccess = now.monotonic
    }
    let circuits = destinations[i].queue.circuits
    let wasDead = circuits.index(of: flight.message.path).map { circuits.list[$0].isOpen } ?? false
    endCall(of: flight, signal.health, wasDead: wasDead)
    let end = CallEnd(
      signal: signal, id: flight.id, latestID: nextID, isRetried: isRetried,
      hadFailed: flight.message.attempts > flight.message.spared, now: now.monotonic)
    let room = DestinationQueue.Room(
      timedMax: limits.share(of: limits.timed, hot: hot), horizon: limits.horizon)
    let left = withQueue(i) { $0.callEnded(flight, end, room: room, at: now) }
    leftInStore(left, of: i)
    return flight
  }

  private mutating func endCall(
    of flight: Flight, _ health: DestinationSignal.Health, wasDead: Bool
  ) {
    let worker = limits.worker
    // While its calls are slow, one destination among others gets a quarter of the slots.
    let slowMost = destinations.count > 1 ? limits.quarterOfSlots : worker
    withGate(flight.destination) {
      $0.ended(
        wasSlow: flight.isSlow, health, wasDead: wasDead, most: worker, slowMost: slowMost)
    }
  }

  /// The started message's body was read, and with it its path. - Returns: false when the path may
  /// have no call now: the message waits for that, and counts as not started.
  package mutating func located(_ ref: MessageRef, path: UInt32, at now: Moment) -> Bool {
    guard var flight = flights[ref], !flight.isOrphan, flight.message.path != path else {
      return true
    }
    let i = flight.destination
    flight.message.path = path
    let parkedMax = limits.share(of: limits.timed, hot: hot)
    let message = flight.message
    var counted = flight.counted
    var left: [Waiting] = []
    let goesOn = withQueue(i) {
      $0.located(message, &counted, parkedMax: parkedMax, left: &left, at: now)
    }
    flight.counted = counted
    flights[ref] = goesOn ? flight : nil
    if !goesOn {
      suspects.putBack(ref)
      destinations[i].ages.inMemory(message.expiryMs(common: limits.maxAgeMs))
      leftInStore(left, of: i)
      endCall(of: flight, .neutral, wasDead: false)
      refresh(i, at: now)
    }
    return goesOn
  }

  /// The connection of a call was accepted: a destination that was never seen to work may have more
  /// than the one call.
  package mutating func reached(_ ref: MessageRef, at now: Moment) {
    guard let flight = flights[ref], !flight.isOrphan else { return }
    withGate(flight.destination) { $0.reached() }
    refresh(flight.destination, at: now)
  }
}

extension Scheduler {
  mutating func destination(_ origin: Origin, under grant: LaneGrant) -> Int {
    let key = DestinationKey(lane: grant.lane, origin: origin)
    if let known = destinations[key] { return known }
    let i = destinations.add(key, under: grant)
    destinations[i].firstSuccess = firstSuccesses[key]
    if let since = knownGood.removeValue(forKey: origin) {
      destinations[i].firstSuccess = destinations[i].firstSuccess ?? since
      withGate(i) { $0.wasGood() }
    }
    return i
  }

  /// Destinations that answered well when they were last called, for the next start.
  package func knownGood(most: Int, at now: Moment) -> [KnownGood] {
    let flowing = destinations.live.lazy.filter(\.gate.isFlowing).prefix(most)
    return flowing.map { destination in
      let proven = destination.firstSuccess.map { now.monotonic - $0 } ?? .zero
      // More says no more.
      let seconds = min(max(proven, .zero), limits.provenAfter).components.seconds
      return KnownGood(origin: destination.key.origin, provenSeconds: Int(seconds))
    }
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
    if let time = destinations[i].firstSuccess {
      firstSuccesses.remember(destinations[i].key, time)
    }
    outliers -= destinations[i].ages.outlierCount
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
