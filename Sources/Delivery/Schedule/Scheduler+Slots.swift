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

  /// What one destination may have at most though nobody waits, and what those together may have that
  /// were not seen to work or are suspects. When others are known to exist an eighth stays free for
  /// whoever comes next: calls that turn out to hang can't be taken back, and any number of silent
  /// hosts must not stop a destination that works.
  private var ceiling: Int {
    destinations.count > 1 ? max(1, limits.worker - max(1, limits.worker / 8)) : limits.worker
  }
  /// The same for all suspects together, where a quarter stays free.
  private var suspectCeiling: Int {
    destinations.count > 1 ? max(1, limits.worker - max(1, limits.worker / 4)) : limits.worker
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
    case .healthy: true
    case .unproven: doubtfulCalls < ceiling
    case .suspect:
      (nextSpareCall.map { $0 <= now.monotonic } ?? true) && doubtfulCalls < ceiling
        && suspectCalls < (tier == .strict ? limits.halfOfSlots : suspectCeiling)
    }
  }

  /// Takes the first seat whose destination may start a call. At most two destinations can be at
  /// half of the slots, so few are passed over.
  private mutating func firstEligible(
    _ ring: SlotRings.Ring, _ tier: Tier, at now: Moment
  ) -> SlotRings.Seat? {
    let most = tier == .oneOverHalf ? ceiling : limits.halfOfSlots
    var passedOver = 0
    while passedOver < rings.count(ring), let seat = rings.popFirst(ring) {
      let i = seat.destination
      guard destinations[i].seat == seat.stamp else { continue }
      guard destinations[i].mayRun(slots: limits.worker, at: now) else {
        destinations[i].seat = nil
        continue
      }
      if destinations[i].gate.inFlight < most { return seat }
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
