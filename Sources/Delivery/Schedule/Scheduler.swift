import DequeModule

/// The schedule: which message is attempted next, and when to look again.
///
/// A pure core. It is told what happened and what time it is, and answers with a `Plan` (attempts to
/// start, pages to fetch, when to ask again). Whoever drives it calls `plan` after anything else.
///
/// No message is ever forgotten: everything that is live in the store is in memory here, in flight,
/// waiting for the store's acknowledgement, beyond a destination's open tail (a walk forward will
/// come by), or marked cold with the earliest due time (a lap will come by). And none is attempted
/// twice at once: a tail takes up only numbers never seen before, a lap only what was cold when it
/// began.
package struct Scheduler {
  package let limits: SchedulerLimits
  var destinations = DestinationList()
  var lanes: [UInt16: LaneGrant] = [:]

  var flights: [MessageRef: Flight] = [:]
  var nextID: UInt64 = 0
  /// Flights in the order of their beginning, until they are seen to be slow or over.
  var young: Deque<(ref: MessageRef, id: UInt64, began: Duration)> = []
  var suspectCalls = 0
  var doubtfulCalls = 0
  var slowCalls = 0
  /// Destinations with a call of which nothing is known yet.
  var firstCalls = 0
  /// Destinations that answered well before a clean stop and were not called since, and when they gave
  /// their first 2xx: before this start, as a rule.
  var knownGood: [Origin: Duration]

  var unrecorded: [MessageRef: Unrecorded] = [:]
  var hot = 0
  var rings = SlotRings()
  var wakes = WakeList()
  var pageQueue: Deque<Int> = []
  var pagesUnderWay = 0

  /// While the store fails nothing is started: an outcome that can't be recorded is a call made for
  /// nothing.
  package var isPaused = false
  /// While the store has room for few outcomes, destinations that fail are not called: each failure
  /// leaves a record and is back soon with the next one. Except for one call now and then, when set
  /// from this time on: else nobody would find out that one of them works again.
  var nextSpareCall: Duration?

  /// Have reached their limit of time since the last plan.
  var expired: [Expired] = []
  /// How many more may expire until the next refill.
  var agesLeft = 0
  @CompactTime var agesRefilledAt: Duration?
  /// See `AgeMarks.Outlier`; all destinations together.
  var outliers = 0

  var firstSuccesses = FirstSuccesses()
  package var suspects = CrashSuspects()

  package init(limits: SchedulerLimits = SchedulerLimits(), knownGood: [Origin: Duration] = [:]) {
    self.limits = limits
    self.knownGood = knownGood
  }

  package var inFlightCount: Int { flights.count }
  package var scheduledCount: Int { hot }
  package var destinationCount: Int { destinations.count }
  package var unrecordedCount: Int { unrecorded.count }
  package func holds(_ grant: LaneGrant) -> Bool { lanes[grant.lane] == grant }
  /// Where the message is being tried, a first 2xx was seen so long ago that what it answers is
  /// its own word.
  package func destinationIsProven(_ ref: MessageRef, at now: Moment) -> Bool {
    guard let flight = flights[ref], !flight.isOrphan else { return false }
    return destinations[flight.destination].firstSuccess
      .map { $0 + limits.provenAfter <= now.monotonic } ?? false
  }
  /// Being attempted, or attempted and the store has not recorded what came of it.
  package func isInFlight(_ ref: MessageRef) -> Bool {
    flights[ref] != nil || unrecorded[ref] != nil
  }
}

extension Scheduler {
  package mutating func handle(_ event: StoreEvent, at now: Moment) {
    switch event {
    case .granted(let grant):
      if lanes[grant.lane] != grant { revoke(lane: grant.lane) }
      lanes[grant.lane] = grant
      nextSpareCall = nil
    case .revoked(let grant):
      if lanes[grant.lane] == grant { revoke(lane: grant.lane) }
    case .arrived(let grant, let entries):
      guard lanes[grant.lane] == grant else { return }
      for entry in entries { arrived(entry, under: grant, at: now) }
    case .more(let grant, let waiting):
      guard lanes[grant.lane] == grant else { return }
      for more in waiting { moreWaits(more, under: grant, at: now) }
    case .scarcity(let grant, let isScarce):
      guard lanes[grant.lane] == grant else { return }
      nextSpareCall = isScarce ? now.monotonic + limits.spareCallEvery : nil
    }
  }

  mutating func arrived(_ entry: PendingEntry, under grant: LaneGrant, at now: Moment) {
    let i = destination(entry.origin, under: grant)
    let number = entry.ref.number
    guard number > destinations[i].tail.seenUpTo else { return }  // a page was faster
    let room = limits.share(of: limits.fresh, hot: hot)
    if destinations[i].tail.isOpen || destinations[i].queue.fresh.count >= room {
      destinations[i].tail.remember(number)
      withAges(i) { $0.leftInStore(Waiting(entry), $1) }
    } else {
      destinations[i].tail.sawNext(number)
      place(entry, in: i, lined: true, at: now)
    }
    refresh(i, at: now)
  }

  mutating func moreWaits(_ more: MoreWaiting, under grant: LaneGrant, at now: Moment) {
    let i = destination(more.origin, under: grant)
    // Numbers that later arrivals have overtaken lie behind the tail: a lap finds them.
    if more.from <= destinations[i].tail.seenUpTo {
      destinations[i].queue.leaveCold(due: now.monotonic)
      if destinations[i].lap != nil { destinations[i].lapAgain = true }
    }
    destinations[i].tail.moreWaits()
    withAges(i) { $0.moreInStore(earliestOwnMs: more.earliestOwnMs, $1) }
    refresh(i, at: now)
  }

  /// An attempt ended. The slot is free; the message waits for `recorded`.
  /// - Returns: under which grant to record it; nil when there is nothing to record (interrupted, postponed, or
  ///   the lane was revoked meanwhile: its new holder makes the attempt again).
  package mutating func ended(
    _ ref: MessageRef, _ judgement: Judgement, at now: Moment
  ) -> LaneGrant? {
    var isRetried = false
    if case .retry = judgement.verdict { isRetried = true }
    guard
      let flight = endFlight(ref, signal: judgement.signal, isRetried: isRetried, at: now)
    else { return nil }
    let i = flight.destination
    let next: Unrecorded
    switch judgement.verdict {
    case .delivered, .dead:
      next = Unrecorded(destination: i, retry: nil)
    case .retry(let wait, let note):
      var message = flight.message
      message.attempts = message.nextAttempt
      message.lastStatus = note.status
      message.wasAsked = judgement.signal.asksMessage
      if judgement.signal.health == .limited, message.spared < .max { message.spared += 1 }
      next = Unrecorded(destination: i, retry: Timed(due: now.monotonic + wait, message: message))
    case .interrupted:
      place(flight.message, due: now.monotonic + limits.pageRetry, in: i, at: now)
      refresh(i, at: now)
      return nil
    case .postponed(let wait):
      place(flight.message, due: now.monotonic + wait, in: i, at: now)
      refresh(i, at: now)
      return nil
    }
    unrecorded[ref] = next
    destinations[i].unrecorded += 1
    refresh(i, at: now)
    return destinations[i].grant
  }

  /// A started message could not be attempted for want of its body though the store should have it.
  /// It loses no attempt. `forgotten` = the store doesn't know it (any more): it is left to a later
  /// lap, which brings it back if it is still live.
  package mutating func putBack(
    _ ref: MessageRef, after wait: Duration, forgotten: Bool, at now: Moment
  ) {
    suspects.putBack(ref)
    guard
      let flight = endFlight(
        ref, signal: DestinationSignal(.neutral), isRetried: false, at: now)
    else { return }
    let i = flight.destination
    let due = now.monotonic + wait
    if forgotten {
      destinations[i].markUnreadable(ref, until: due)
      withAges(i) { $0.leftInStore(flight.message, $1) }
    } else {
      place(flight.message, due: due, in: i, at: now)
    }
    refresh(i, at: now)
  }

  /// The store acknowledged the outcome, or refused it because the message had ended otherwise.
  package mutating func recorded(_ ref: MessageRef, refused: Bool, at now: Moment) {
    guard let outcome = unrecorded.removeValue(forKey: ref) else { return }
    let i = outcome.destination
    destinations[i].unrecorded -= 1
    if destinations[i].page == nil { destinations[i].ages.forgetGone(ref) }
    if let retry = outcome.retry, !refused {
      place(retry.message, due: retry.due, in: i, at: now)
    }
    refresh(i, at: now)
  }

  package mutating func pageArrived(
    _ page: PendingPage, for request: PageRequest, at now: Moment
  ) {
    guard let i = finish(request) else { return }
    switch request.kind {
    case .lap: takeLapPage(page, in: i, at: now)
    case .ages(let walk): takeAgesPage(page, of: walk, request, in: i, at: now)
    case .tail:
      for entry in page.entries where entry.ref.number > destinations[i].tail.seenUpTo {
        destinations[i].tail.sawNext(entry.ref.number)
        if destinations[i].ages.gone.contains(entry.ref) { continue }
        place(entry, in: i, lined: true, at: now)
      }
      destinations[i].tail.finishPage(page, of: request)
    }
    forgetGone(i)
    refresh(i, at: now)
  }

  package mutating func pageFailed(_ request: PageRequest, at now: Moment) {
    guard let i = finish(request) else { return }
    destinations[i].pageNotBefore = now.monotonic + limits.pageRetry
    refresh(i, at: now)
  }
}
