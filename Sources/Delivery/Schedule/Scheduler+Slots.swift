extension Scheduler {
  /// What "while others wait" still leaves to whom, from the strict rule to the generous one.
  private enum Tier: CaseIterable {
    /// Less than half of the slots for one, less than half for all suspects together.
    case strict
    /// No healthy one waits within its half: suspects may have more together.
    case suspectsOverHalf
    /// Nobody else waits: one may have more than half.
    case oneOverHalf
  }

  /// What those that are not trusted may have together. When others are known to exist an eighth stays
  /// free for whoever comes next: calls that turn out to hang can't be taken back, and any number of
  /// silent hosts must not stop a destination that works.
  private var ceiling: Int {
    destinations.count > 1 ? max(1, limits.worker - limits.eighthOfSlots) : limits.worker
  }
  /// The same for all suspects together, where a quarter stays free.
  private var suspectCeiling: Int {
    destinations.count > 1 ? max(1, limits.worker - limits.quarterOfSlots) : limits.worker
  }

  /// Whether a destination may have a call more though others are known to exist, by the slots that
  /// are free now. What one may have shrinks with them (as buffers are shared by dynamic thresholds,
  /// Choudhury and Hahne 1998): whoever takes many leaves a quarter, and ten who take many leave
  /// some, so that those which answer go on when all the others turn out to hang. The last eighth,
  /// and a quarter while more than half are held by calls that run for more than a second, is for
  /// first calls and few others.
  func mayHaveAnother(_ i: Int) -> Bool {
    let calls = destinations[i].gate.inFlight
    guard calls > 0 else { return true }
    // The room of those never seen to work is for first calls, else one of them could fill it; also
    // while it is the only one that is known, since its calls can't be taken back for the next.
    if !destinations[i].gate.hasSucceeded, doubtfulCalls >= limits.halfOfSlots { return false }
    guard destinations.count > 1 else { return true }
    let free = limits.worker - flights.count
    guard calls < 3 * free else { return false }
    let quarter = limits.quarterOfSlots
    if free <= quarter, !destinations[i].gate.isTrusted { return false }
    let isTight =
      free <= limits.eighthOfSlots || (free <= quarter && slowCalls > limits.halfOfSlots)
    return !isTight || calls * 4 < free
  }

  mutating func nextDestination(at now: Moment) -> Int? {
    guard !isPaused, flights.count < limits.worker, unrecorded.count < limits.unrecorded else {
      return nil
    }
    for tier in Tier.allCases {
      if let i = nextDestination(in: tier, at: now) { return i }
    }
    return nil
  }

  private mutating func nextDestination(in tier: Tier, at now: Moment) -> Int? {
    var chosen: (seat: SlotRings.Seat, ring: SlotRings.Ring)?
    for ring in SlotRings.Ring.allCases where mayStart(ring, in: tier, at: now) {
      guard let seat = firstEligible(ring, tier, at: now) else { continue }
      guard let best = chosen else {
        chosen = (seat, ring)
        continue
      }
      let isEarlier = seat.stamp < best.seat.stamp
      let later = isEarlier ? best : (seat: seat, ring: ring)
      rings.putBack(later.seat, later.ring)
      if isEarlier { chosen = (seat, ring) }
    }
    guard let (seat, ring) = chosen else { return nil }
    destinations[seat.destination].seat = nil
    if ring == .suspect, nextSpareCall != nil {
      nextSpareCall = now.monotonic + limits.spareCallEvery
    }
    return seat.destination
  }

  private func mayStart(_ ring: SlotRings.Ring, in tier: Tier, at now: Moment) -> Bool {
    switch ring {
    case .trusted: true
    // Who worked once may hang as well; a few slots are for those that worked often.
    case .tried: doubtfulCalls < limits.worker - limits.worker / 16
    case .unproven: doubtfulCalls < ceiling
    case .suspect:
      (nextSpareCall.map { $0 <= now.monotonic } ?? true) && doubtfulCalls < ceiling
        && suspectCalls < (tier == .strict ? limits.halfOfSlots : suspectCeiling)
    }
  }

  /// Takes the first seat whose destination may start a call. Only those that have calls are passed
  /// over, no more than there are slots.
  private mutating func firstEligible(
    _ ring: SlotRings.Ring, _ tier: Tier, at now: Moment
  ) -> SlotRings.Seat? {
    let most = tier == .oneOverHalf ? limits.worker : limits.halfOfSlots
    var passedOver = 0
    while passedOver < rings.count(ring), let seat = rings.popFirst(ring) {
      let i = seat.destination
      guard destinations[i].seat == seat.stamp else { continue }
      guard destinations[i].mayRun(at: now) else {
        destinations[i].seat = nil
        continue
      }
      if destinations[i].gate.inFlight < most, mayHaveAnother(i) { return seat }
      rings.rotate(seat, ring)
      passedOver += 1
    }
    return nil
  }

  mutating func takeSeat(_ i: Int) {
    destinations[i].seat = rings.append(i, to: destinations[i].ring)
    // Seats that lost their meaning leave when they come up, and at the latest now.
    if rings.count > 4 * destinations.count + 1024 {
      rings.keep { destinations[$0.destination].seat == $0.stamp }
    }
  }
}
