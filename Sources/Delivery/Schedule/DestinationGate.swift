/// Says how many calls a destination may have at once, from what became of the earlier ones.
///
/// A circuit opens after so many calls in trouble in a row that the destination must be taken for dead.
/// Then it is probed with one message at a time, ever more rarely: else every message of a backlog
/// would soon have been tried, and each one that was tried costs memory and a record in the log.
///
/// Here is the place of what a later version adds to a destination: adaptive limit, rate and
/// `max_in_flight` belong in `limit`, pause beside `heldUntil`.
struct DestinationGate {
  /// Troubles in a row that open the circuit.
  static let troublesMax: UInt8 = 5
  /// Seconds before the first probe; they double with each that fails. A message that is alone there
  /// waits longer by itself, as long as the retry schedule is the default.
  static let probeWaitMin: UInt8 = 2
  static let probeWaitMax: UInt8 = 60

  private(set) var inFlight = 0
  /// Calls that have run for too long.
  private(set) var slow = 0
  /// Since this destination is known to the schedule.
  private(set) var hasSucceeded = false
  /// In trouble since its last success.
  private(set) var isFailing = false
  /// Since the last answer.
  private var troubles: UInt8 = 0
  /// Seconds; 0 = the circuit is closed.
  private var probeWait: UInt8 = 0
  @CompactTime private var probeAt: Duration?
  /// Silence that the destination asked for.
  @CompactTime private var silentUntil: Duration?

  var isSuspect: Bool { isFailing || slow > 0 }
  /// Calls that count against what suspects hold together.
  var suspectCalls: Int { isSuspect ? inFlight : 0 }
  /// Calls that may turn out to hang: of suspects, and of those never seen to work.
  var doubtfulCalls: Int { isSuspect || !hasSucceeded ? inFlight : 0 }

  /// Its next messages are about to be needed.
  var isFlowing: Bool { hasSucceeded && !isSuspect }

  /// No call before this time.
  var heldUntil: Duration? {
    guard let probeAt, let silentUntil else { return probeAt ?? silentUntil }
    return max(probeAt, silentUntil)
  }

  func isHeld(at now: Moment) -> Bool {
    heldUntil.map { now.monotonic < $0 } ?? false
  }

  /// Calls at once that the destination itself can be trusted with; the fair share of the slots is
  /// the scheduler's to decide. One until the first success: a host that was never seen to work must
  /// not hold many slots while it times out. One while it is probed.
  func limit(slots: Int) -> Int { hasSucceeded && probeWait == 0 ? slots : 1 }

  mutating func began() { inFlight += 1 }

  mutating func becameSlow() { slow += 1 }

  mutating func ended(wasSlow: Bool, signal: DestinationSignal, at now: Moment) {
    inFlight -= 1
    if wasSlow { slow -= 1 }
    switch signal.health {
    case .success:
      hasSucceeded = true
      isFailing = false
      closeCircuit()
    case .answered:
      closeCircuit()
    case .trouble:
      isFailing = true
      countTrouble(at: now)
    case .neutral:
      break
    }
    if let hold = signal.hold, hold > .zero {
      silentUntil = max(silentUntil ?? .zero, now.monotonic + hold)
    }
  }

  private mutating func closeCircuit() {
    (troubles, probeWait, probeAt) = (0, 0, nil)
  }

  private mutating func countTrouble(at now: Moment) {
    if troubles < Self.troublesMax { troubles += 1 }
    guard troubles == Self.troublesMax else { return }
    // Calls that had begun before it opened say nothing new.
    if let probeAt, now.monotonic < probeAt { return }
    probeWait = probeWait == 0 ? Self.probeWaitMin : min(probeWait * 2, Self.probeWaitMax)
    probeAt = now.monotonic + .seconds(Int64(probeWait))
  }
}
