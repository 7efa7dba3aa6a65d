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

  /// What one destination may have at most though nobody waits. When others are known to exist an
  /// eighth stays free for whoever comes next: calls that turn out to hang can't be taken back.
  private var ceiling: Int {
    index.count > 1 ? max(1, limits.worker - max(1, limits.worker / 8)) : limits.worker
  }
  /// The same for all suspects together, where a quarter stays free.
  private var suspectCeiling: Int {
    index.count > 1 ? max(1, limits.worker - max(1, limits.worker / 4)) : limits.worker
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
    let healthy = firstEligible(.healthy, tier, at: now)
    let suspectsMax = tier == .strict ? limits.halfOfSlots : suspectCeiling
    let suspect = suspectCalls < suspectsMax ? firstEligible(.suspect, tier, at: now) : nil
    let chosen: SlotRings.Seat
    switch (healthy, suspect) {
    case (nil, nil): return nil
    case (let h?, nil): chosen = h
    case (nil, let s?): chosen = s
    case (let h?, let s?):
      if h.stamp < s.stamp {
        chosen = h
        rings.putBack(s, .suspect)
      } else {
        chosen = s
        rings.putBack(h, .healthy)
      }
    }
    destinations[chosen.destination].seat = nil
    return chosen.destination
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
    if rings.count > 4 * index.count + 1024 {
      rings.keep { destinations[$0.destination].seat == $0.stamp }
    }
  }
}
