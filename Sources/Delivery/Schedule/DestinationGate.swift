/// Says how many calls a destination may have at once, from what became of the earlier ones.
///
/// Here is the place of what a later version adds to a destination: circuit, adaptive limit, rate
/// and `max_in_flight` belong in `limit`, pause beside `heldUntil`.
struct DestinationGate {
  private(set) var inFlight = 0
  /// Calls that have run for too long.
  private(set) var slow = 0
  /// Since this destination is known to the schedule.
  private(set) var hasSucceeded = false
  /// In trouble since its last success.
  private(set) var isFailing = false
  /// Silence that the destination asked for.
  @CompactTime private(set) var heldUntil: Duration?

  var isSuspect: Bool { isFailing || slow > 0 }
  /// Calls that count against what suspects hold together.
  var suspectCalls: Int { isSuspect ? inFlight : 0 }
  /// Calls that may turn out to hang: of suspects, and of those never seen to work.
  var doubtfulCalls: Int { isSuspect || !hasSucceeded ? inFlight : 0 }

  /// Its next messages are about to be needed.
  var isFlowing: Bool { hasSucceeded && !isSuspect }

  func isHeld(at now: Moment) -> Bool {
    heldUntil.map { now.monotonic < $0 } ?? false
  }

  /// Calls at once that the destination itself can be trusted with; the fair share of the slots is
  /// the scheduler's to decide. One until the first success: a host that was never seen to work must
  /// not hold many slots while it times out.
  func limit(slots: Int) -> Int { hasSucceeded ? slots : 1 }

  mutating func began() { inFlight += 1 }

  mutating func becameSlow() { slow += 1 }

  mutating func ended(wasSlow: Bool, signal: DestinationSignal, at now: Moment) {
    inFlight -= 1
    if wasSlow { slow -= 1 }
    switch signal.health {
    case .success:
      hasSucceeded = true
      isFailing = false
    case .trouble:
      isFailing = true
    case .neutral:
      break
    }
    if let hold = signal.hold, hold > .zero {
      heldUntil = max(heldUntil ?? .zero, now.monotonic + hold)
    }
  }
}
