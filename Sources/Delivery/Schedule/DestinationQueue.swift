import DequeModule
import HeapModule

/// The messages of one destination that are in memory, and the earliest time at which one of those
/// that are not is due.
struct DestinationQueue {
  /// First attempts that may be made now, in the order of acceptance.
  private(set) var fresh: Deque<Waiting> = []
  /// Retries and delayed messages by due time.
  var timed: Heap<Timed> = []
  /// Messages with a `NotBefore`, by that.
  private(set) var absolute: Heap<Absolute> = []
  /// The earliest due time among the messages that were seen and left in the store.
  @CompactTime private(set) var coldDue: Duration?
  /// The same for those that wait for the wall clock.
  @CompactNumber private(set) var coldUnixMs: UInt64?
  /// Fresh and retried messages go in turn, so that neither waits for the other's backlog.
  private var retriedIsNext = false
  /// How many of the first fresh ones were handed out to be read ahead.
  private var aheadCount = 0
  /// Paths in trouble, with their messages that could run otherwise.
  var circuits = Circuits()
  private var parkedIsNext = false
  /// Waits for failures that stand in the store are cut short while the lap of this circuit goes on.
  var pullsCold: UInt32?

  var count: Int { fresh.count + timed.count + absolute.count + circuits.parkedCount }
  var isEmpty: Bool { count == 0 && coldDue == nil && coldUnixMs == nil }

  func hasReady(at now: Moment) -> Bool {
    !fresh.isEmpty || hasDueRetry(at: now) || circuits.hasReady(at: now.monotonic)
  }

  func hasDueRetry(at now: Moment) -> Bool {
    timed.min.map { $0.due <= now.monotonic } ?? false
  }

  /// When the first of those goes that stand in no circuit; nil = there is none.
  func nextUnparked(at now: Moment) -> Duration? {
    guard fresh.isEmpty else { return now.monotonic }
    return timed.min.map {
      max($0.due, circuits.opensAt($0.message.path, now: now.monotonic) ?? .zero)
    }
  }

  /// Takes in what an event or a walk brought. `lined` = behind the fresh ones when it is due at
  /// once; a message that was left in the store before has lost that place and counts as timed.
  /// - Returns: what gave way and is left in the store.
  mutating func place(
    _ entry: PendingEntry, lined: Bool, at now: Moment, timedMax: Int, horizon: Duration
  ) -> [Waiting] {
    let message = Waiting(entry)
    switch entry.due {
    case .now where lined && entry.attempts == 0,
      .after(milliseconds: 0) where lined && entry.attempts == 0:
      fresh.append(message)
      return []
    case .now:
      return place(message, due: now.monotonic, at: now, timedMax: timedMax, horizon: horizon)
    case .after(let milliseconds):
      let due = now.monotonic + .clamped(milliseconds: milliseconds)
      if let puller = pullsCold, entry.attempts > 0, let at = circuits.index(of: puller),
        circuits.list[at].parked.pulledCount < timedMax
      {
        circuits.list[at].parked.pullAlso(Timed(due: due, message: message))
        return []
      }
      return place(message, due: due, at: now, timedMax: timedMax, horizon: horizon)
    case .at(let unixMs) where unixMs <= now.wallMs && lined && entry.attempts == 0:
      fresh.append(message)
      return []
    case .at(let unixMs):
      return place(message, unixMs: unixMs, at: now, timedMax: timedMax, horizon: horizon)
    }
  }

  /// Keeps the `timedMax` that are due first; what is due last, or beyond the horizon, stays in the
  /// store and is remembered by its due time.
  mutating func place(
    _ message: Waiting, due: Duration, at now: Moment, timedMax: Int, horizon: Duration
  ) -> [Waiting] {
    guard due <= now.monotonic + horizon else {
      leaveCold(due: due)
      return [message]
    }
    timed.insert(Timed(due: due, message: message))
    var left: [Waiting] = []
    while timed.count > timedMax, let last = timed.popMax() {
      leaveCold(due: last.due)
      left.append(last.message)
    }
    return left
  }

  private mutating func place(
    _ message: Waiting, unixMs: UInt64, at now: Moment, timedMax: Int, horizon: Duration
  ) -> [Waiting] {
    let (end, overflow) = now.wallMs.addingReportingOverflow(horizon.millisecondsRoundedUp)
    guard overflow || unixMs <= end else {
      leaveCold(unixMs: unixMs)
      return [message]
    }
    absolute.insert(Absolute(unixMs: unixMs, message: message))
    var left: [Waiting] = []
    while absolute.count > timedMax, let last = absolute.popMax() {
      leaveCold(unixMs: last.unixMs)
      left.append(last.message)
    }
    return left
  }

  /// Something of it was seen and left in the store.
  var hasCold: Bool { coldDue != nil || coldUnixMs != nil }

  mutating func leaveCold(due: Duration) { coldDue = min(coldDue ?? due, due) }
  mutating func leaveCold(unixMs: UInt64) { coldUnixMs = min(coldUnixMs ?? unixMs, unixMs) }

  /// A walk over all that was left begins; it marks again what it leaves.
  mutating func forgetColdMarks() {
    coldDue = nil
    coldUnixMs = nil
  }

  /// Those whose `NotBefore` has passed now wait for a slot only. They don't give way to others
  /// there: they were counted already.
  mutating func releaseAbsolute(at now: Moment) {
    while let first = absolute.min, first.unixMs <= now.wallMs {
      absolute.removeMin()
      timed.insert(Timed(due: now.monotonic, message: first.message))
    }
  }

  /// What an empty queue keeps of its busier times.
  mutating func giveBack(at now: Moment) {
    guard count == 0 else { return }
    (fresh, timed, absolute) = ([], [], [])
    circuits.dropThoseOver(at: now.monotonic)
  }

  /// - Parameters:
  ///   - parkedMax: beyond so many, messages of paths in trouble are left in the store.
  ///   - left: those are added there.
  mutating func takeReady(at now: Moment, parkedMax: Int, left: inout [Waiting]) -> Ready? {
    guard !circuits.isEmpty else { return takeNext(at: now).map { Ready(message: $0) } }
    // While the whole destination is probed, paths that never failed go first.
    let isProbed = circuits.index(of: PathKey.whole).map { circuits.list[$0].isOpen } ?? false
    if parkedIsNext, !isProbed, let parked = takeParked(at: now, parkedMax: parkedMax) {
      parkedIsNext = false
      return parked
    }
    while let message = takeNext(at: now) {
      let holding =
        isProbed
        ? circuits.index(of: message.path)
        : circuits.holding(message.path, at: now.monotonic)
      guard let at = holding else {
        parkedIsNext = true
        return Ready(message: message)
      }
      left += park(message, in: at, most: parkedMax, at: now)
    }
    return takeParked(at: now, parkedMax: parkedMax)
  }

  private mutating func takeParked(at now: Moment, parkedMax: Int) -> Ready? {
    while let (ready, at) = circuits.takeParked(at: now.monotonic) {
      if circuits.list[at].parked.count <= parkedMax / 4 { fetchLeft(at, now: now.monotonic) }
      // What the whole destination pulled forward may belong to a path that still fails.
      guard let due = ready.due, circuits.holding(ready.message.path, at: now.monotonic) != nil
      else { return ready }
      timed.insert(Timed(due: due, message: ready.message))
    }
    return nil
  }

  /// - Returns: it, when it is left in the store.
  mutating func park(_ message: Waiting, in at: Int, most: Int, at now: Moment) -> [Waiting] {
    // Each has room for some, so that there is one whose turn makes it look for the others.
    if circuits.parkedCount < most || circuits.list[at].parked.count < max(1, most / 16) {
      circuits.list[at].parked.park(message)
      return []
    }
    circuits.list[at].parked.hasLeft = true
    leaveCold(due: now.monotonic + Self.leftWait)
    return [message]
  }

  /// Those of a path that found no room come now that there is some. A path that is only probed needs
  /// no more than it has.
  mutating func fetchLeft(_ at: Int, now: Duration) {
    guard circuits.list[at].parked.hasLeft, !circuits.list[at].isOpen else { return }
    circuits.list[at].parked.hasLeft = false
    leaveCold(due: now)
  }

  /// When messages of a path in trouble that found no room are looked at again, if it doesn't recover
  /// before: each such look reads their bodies.
  private static let leftWait: Duration = .seconds(300)

  private mutating func takeNext(at now: Moment) -> Waiting? {
    let due = hasDueRetry(at: now)
    guard due || !fresh.isEmpty else { return nil }
    let takesRetried = due && (retriedIsNext || fresh.isEmpty)
    retriedIsNext = !takesRetried
    guard !takesRetried else { return timed.removeMin().message }
    aheadCount = max(0, aheadCount - 1)
    return fresh.removeFirst()
  }

  /// Takes out up to `most` messages whose limit of time was reached at `cutMs` or before.
  /// - Returns: those, and when the first of the others expires. One that waits for its `NotBefore`
  ///   is none of those: its age begins then.
  mutating func takeExpired(
    cutMs: UInt64, common: UInt64, most: Int, at now: Moment
  ) -> (expired: [Waiting], earliestMs: UInt64?) {
    var expired: [Waiting] = []
    var earliest = UInt64.max
    func takes(_ message: Waiting) -> Bool {
      guard let expiryMs = message.expiryMs(common: common) else { return false }
      if expiryMs <= cutMs, expired.count < most {
        expired.append(message)
        return true
      }
      earliest = min(earliest, expiryMs)
      return false
    }
    var stays: Deque<Waiting> = []
    for (at, message) in fresh.enumerated() {
      if !takes(message) {
        if !expired.isEmpty { stays.append(message) }
      } else if expired.count == 1 {
        stays = Deque(fresh.prefix(at))
      }
    }
    if !expired.isEmpty {
      fresh = stays
      aheadCount = min(aheadCount, fresh.count)
    }
    let count = expired.count
    let retries = timed.unordered.filter { !takes($0.message) }
    if expired.count > count { timed = Heap(retries) }
    for at in circuits.list.indices where !circuits.list[at].parked.isEmpty {
      circuits.list[at].parked.removeAll(where: takes)
      if circuits.list[at].parked.isEmpty { fetchLeft(at, now: now.monotonic) }
    }
    for entry in absolute.unordered {
      if let expiryMs = entry.message.expiryMs(common: common) {
        earliest = min(earliest, expiryMs)
      }
    }
    return (expired, earliest == .max ? nil : earliest)
  }

  /// What will be taken next, so that its bodies can be read together; empty while an earlier
  /// answer still stands.
  mutating func readAhead(_ most: Int) -> [MessageRef] {
    guard aheadCount == 0 else { return [] }
    aheadCount = min(most, fresh.count)
    return fresh.prefix(aheadCount).map(\.ref)
  }

  /// Every message in memory.
  func forEachRef(_ body: (MessageRef) -> Void) {
    for message in fresh { body(message.ref) }
    for entry in timed.unordered { body(entry.message.ref) }
    for entry in absolute.unordered { body(entry.message.ref) }
    circuits.forEachParked { body($0.ref) }
  }
}
