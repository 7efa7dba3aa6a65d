import DequeModule
import HeapModule

/// The messages of a circuit that wait for it.
struct ParkedMessages {
  /// Seconds before messages are pulled forward again after that went wrong; they double.
  private static let pullWaitMin: UInt16 = 2
  private static let pullWaitMax: UInt16 = 600

  private var fresh: Deque<Waiting> = []
  private var retried: Deque<Waiting> = []
  /// Not due yet: pulled forward since what they failed at works again.
  private var pulled: Heap<Timed> = []
  private var pullPace = Pace()
  private var turn: UInt8 = 0
  /// Others stay in the store for want of room.
  var hasLeft = false
  private var pullWait: UInt16 = 0
  @CompactTime private var pullsNotBefore: Duration?

  var count: Int { fresh.count + retried.count + pulled.count }
  var isEmpty: Bool { count == 0 }
  var pulledCount: Int { pulled.count }

  func isOver(at now: Duration) -> Bool { isEmpty && !isPullLate(at: now) }

  private func isPullLate(at now: Duration) -> Bool { (pullsNotBefore ?? .zero) > now }

  private func mayTakePulled(at now: Duration) -> Bool { opensAt.map { $0 <= now } ?? false }

  func hasReady(at now: Duration) -> Bool {
    !fresh.isEmpty || !retried.isEmpty || mayTakePulled(at: now)
  }

  /// When a pulled one may go: at its own time at the latest; nil = there is none.
  var opensAt: Duration? { pulled.min.map { min($0.due, pullPace.opensAt ?? .zero) } }

  mutating func park(_ message: Waiting) {
    if message.attempts == 0 { fresh.append(message) } else { retried.append(message) }
  }

  /// New, retried and pulled ones in turn.
  mutating func take(at now: Duration) -> (message: Waiting, pulledFrom: Duration?)? {
    for _ in 0..<3 {
      turn = turn == 2 ? 0 : turn + 1
      switch turn {
      case 0:
        if let message = retried.popFirst() { return (message, nil) }
      case 1:
        if let message = fresh.popFirst() { return (message, nil) }
      default:
        guard mayTakePulled(at: now), let first = pulled.popMin() else { continue }
        pullPace.began(at: now)
        return (first.message, first.due)
      }
    }
    return nil
  }

  func mayPull(at now: Duration) -> Bool { pulled.isEmpty && !isPullLate(at: now) }

  /// Those due first go first.
  mutating func pull(_ messages: [Timed], at now: Duration, after latestID: UInt64) {
    // Looking for them costs, and more than once a second would be no sooner.
    pullsNotBefore = now + .seconds(1)
    pulled = Heap(messages)
    pullPace.startSoftly(at: now, after: latestID)
  }

  /// One that a walk found while others are pulled forward.
  mutating func pullAlso(_ message: Timed) { pulled.insert(message) }

  mutating func pulledEndedWell(_ end: CallEnd) {
    pullPace.ended(well: end.id, at: end.now, after: end.latestID)
    if pulled.isEmpty { pullWait = 0 }
  }

  /// It was too early: the others of that path keep their own times.
  /// - Parameter path: nil = all of them.
  mutating func pulledFailed(_ path: UInt32?, at now: Duration) -> [Timed] {
    pullWait = pullWait == 0 ? Self.pullWaitMin : min(pullWait * 2, Self.pullWaitMax)
    pullsNotBefore = now + .seconds(Int64(pullWait))
    guard let path else {
      defer { pulled = [] }
      return pulled.unordered
    }
    let back = pulled.unordered.filter { $0.message.path == path }
    pulled = Heap(pulled.unordered.filter { $0.message.path != path })
    return back
  }

  mutating func removeAll(where isOver: (Waiting) -> Bool) {
    fresh.removeAll(where: isOver)
    retried.removeAll(where: isOver)
    let stay = pulled.unordered.filter { !isOver($0.message) }
    if stay.count < pulled.count { pulled = Heap(stay) }
  }

  func forEach(_ body: (Waiting) -> Void) {
    for message in fresh { body(message) }
    for message in retried { body(message) }
    for entry in pulled.unordered { body(entry.message) }
  }
}
