/// Says how many calls a destination may have at once, from what became of the earlier ones.
///
/// A call that hangs can't be taken back, so that the number is what the destination has shown: one
/// until it is reached, three until it succeeded, then one more with each call that ended well. Paths
/// in trouble, and what the destination asked for, are the business of `Circuits`.
struct DestinationGate {
  /// Calls at once from which on a destination is trusted: it ended as many well.
  private static let trustedFrom: UInt16 = 4
  /// While nothing ended well but a connection was accepted, or a call runs for a second.
  private static let reachedLimit = 3

  // There may be very many destinations.
  private var calls: Int32 = 0
  private var slowCalls: Int32 = 0
  private var window: UInt16 = 1
  /// Since this destination is known to the schedule.
  private(set) var hasSucceeded = false
  /// In trouble since its last success.
  private(set) var isFailing = false
  private var isReached = false

  var inFlight: Int { Int(calls) }
  /// Calls that have run for too long.
  var slow: Int { Int(slowCalls) }

  var isSuspect: Bool { isFailing || slow > 0 }
  var isTrusted: Bool { hasSucceeded && !isSuspect && window >= Self.trustedFrom }
  /// Calls that count against what suspects hold together.
  var suspectCalls: Int { isSuspect ? inFlight : 0 }
  /// Calls that may turn out to hang: of all that are not trusted.
  var doubtfulCalls: Int { isTrusted ? 0 : inFlight }

  /// Nobody knows yet whether its only call will come to anything.
  var awaitsFirst: Bool { inFlight > 0 && !hasSucceeded && !isReached }

  /// Its next messages are about to be needed.
  var isFlowing: Bool { hasSucceeded && !isSuspect }

  /// Calls at once that the destination itself can be trusted with; the fair share of the slots is
  /// the scheduler's to decide.
  var limit: Int { hasSucceeded ? Int(window) : isReached ? Self.reachedLimit : 1 }

  /// It was known good before a clean stop.
  mutating func wasGood() {
    hasSucceeded = true
    window = Self.trustedFrom
  }

  /// A connection to it was accepted.
  mutating func reached() { isReached = true }

  mutating func began() { calls += 1 }

  mutating func becameSlow() {
    slowCalls += 1
    isReached = true
    // No further than it has gone, until calls end.
    window = max(1, min(window, UInt16(clamping: inFlight)))
  }

  /// - Parameters:
  ///   - most: the largest number of calls at once that is worth knowing.
  ///   - slowMost: the same while its calls take more than a second.
  ///   - wasDead: the call's path was known to fail, which says nothing new of the destination.
  mutating func ended(
    wasSlow: Bool, _ health: DestinationSignal.Health, wasDead: Bool, most: Int, slowMost: Int
  ) {
    calls -= 1
    if wasSlow { slowCalls -= 1 }
    switch health {
    case .success:
      hasSucceeded = true
      isFailing = false
      if Int(window) < (wasSlow ? slowMost : max(most, Int(Self.trustedFrom))) { window += 1 }
    case .trouble, .unreachable:
      if !wasDead { isFailing = true }
    case .answered, .limited, .failed:
      isReached = true
    case .neutral:
      break
    }
  }
}
