import DequeModule
import HeapModule

/// What calls that begin and end change for the messages that wait.
extension DestinationQueue {
  /// How far the queue may fill its parts; see `SchedulerLimits`.
  struct Room {
    let timedMax: Int
    let horizon: Duration
  }

  mutating func callBegan(_ path: UInt32, at now: Moment) -> Circuits.Counted {
    circuits.isEmpty ? Circuits.Counted() : circuits.began(path, at: now.monotonic)
  }

  /// A call that began before its path was known. - Returns: false when the path may have no call
  /// now; the message was parked then, or added to what is left in the store.
  mutating func located(
    _ message: Waiting, _ counted: inout Circuits.Counted, parkedMax: Int, left: inout [Waiting],
    at now: Moment
  ) -> Bool {
    guard !circuits.isEmpty else { return true }
    if let at = circuits.holding(message.path, at: now.monotonic) {
      circuits.uncount(counted)
      left += park(message, in: at, most: parkedMax, at: now)
      return false
    }
    circuits.uncount(Circuits.Counted(whole: nil, path: counted.path))
    counted.path = circuits.count(message.path, at: now.monotonic)
    return true
  }

  /// - Returns: what gave way and is left in the store.
  mutating func callEnded(
    _ flight: Flight, _ end: CallEnd, room: Room, at now: Moment
  ) -> [Waiting] {
    if !circuits.isEmpty { circuits.uncount(flight.counted) }
    let recovers = learn(flight.message.path, end)
    var left: [Waiting] = []
    if let puller = flight.pulledBy {
      left = pulledEnded(flight, by: puller, end, room: room, at: now)
    }
    for path in recovers { pullForward(path, end) }
    for at in circuits.list.indices where circuits.list[at].parked.isEmpty {
      fetchLeft(at, now: end.now)
    }
    if end.signal.health == .success, pullsCold == nil { circuits.dropThoseOver(at: end.now) }
    return left
  }

  /// - Returns: the circuits whose path, or whose destination, is seen to work again.
  private mutating func learn(_ path: UInt32, _ end: CallEnd) -> [UInt32] {
    let whole = PathKey.whole
    var recovers: [UInt32] = []
    switch end.signal.health {
    case .neutral:
      break
    case .success:
      if let at = circuits.index(of: path) {
        if circuits.list[at].learn(end) || end.hadFailed { recovers.append(path) }
      } else if end.hadFailed, !timed.isEmpty || coldDue != nil {
        recovers.append(path)
      }
      if let at = circuits.index(of: whole), circuits.list[at].learn(end) { recovers.append(whole) }
    case .unreachable:
      _ = circuits.list[circuits.indexOrNew(whole)].learn(end)
    case .trouble:
      _ = circuits.list[circuits.indexOrNew(path)].learn(end)
      if circuits.severalAreOpen || circuits.index(of: whole) != nil {
        _ = circuits.list[circuits.indexOrNew(whole)].learn(end)
      }
    case .answered, .limited, .failed:
      if end.isRetried || circuits.index(of: path) != nil {
        _ = circuits.list[circuits.indexOrNew(path)].learn(end)
      }
      if let at = circuits.index(of: whole) { _ = circuits.list[at].learn(end.asAnswered) }
    }
    silence(path, end)
    return recovers
  }

  /// `Retry-After` holds what it was said about: the path, and on 503 the destination when other paths
  /// fail, too.
  private mutating func silence(_ path: UInt32, _ end: CallEnd) {
    guard let hold = end.signal.hold, hold > .zero else { return }
    circuits.list[circuits.indexOrNew(path)].keepSilent(until: end.now + hold)
    guard end.signal.health == .trouble, circuits.others(fail: path, at: end.now)
    else { return }
    circuits.list[circuits.indexOrNew(PathKey.whole)].keepSilent(until: end.now + hold)
  }

  private mutating func pullForward(_ path: UInt32, _ end: CallEnd) {
    let at = circuits.indexOrNew(path)
    guard circuits.list[at].parked.mayPull(at: end.now) else { return }
    let isWhole = path == PathKey.whole
    func isPulled(_ entry: Timed) -> Bool {
      entry.due > end.now && entry.message.attempts > 0 && !entry.message.wasAsked
        && (isWhole || entry.message.path == path || entry.message.path == PathKey.unknown)
    }
    let pulled = timed.unordered.filter(isPulled)
    if !pulled.isEmpty { timed = Heap(timed.unordered.filter { !isPulled($0) }) }
    circuits.list[at].parked.pull(pulled, at: end.now, after: end.latestID)
    if coldDue != nil {
      pullsCold = path
      leaveCold(due: end.now)
    }
  }

  private mutating func pulledEnded(
    _ flight: Flight, by puller: UInt32, _ end: CallEnd, room: Room, at now: Moment
  ) -> [Waiting] {
    guard let at = circuits.index(of: puller) else { return [] }
    switch end.signal.health {
    case .success: circuits.list[at].parked.pulledEndedWell(end)
    case .neutral, .limited: break
    case .answered, .trouble, .unreachable, .failed:
      let isWhole = puller == PathKey.whole && end.signal.health != .unreachable
      let back = circuits.list[at].parked.pulledFailed(
        isWhole ? flight.message.path : nil, at: end.now)
      if !isWhole { pullsCold = nil }
      return back.flatMap {
        place($0.message, due: $0.due, at: now, timedMax: room.timedMax, horizon: room.horizon)
      }
    }
    return []
  }

  mutating func lapEnded() { pullsCold = nil }

  /// A lap that pulls messages forward has brought so many that it may rest until they are under way.
  func pullsEnough(of most: Int, at now: Moment) -> Bool {
    guard let puller = pullsCold, let at = circuits.index(of: puller) else { return false }
    let circuit = circuits.list[at]
    return circuit.parked.pulledCount >= most && circuit.mayStart(at: now.monotonic)
  }
}

extension CallEnd {
  /// For the destination as a whole: somebody is there.
  fileprivate var asAnswered: CallEnd {
    CallEnd(
      signal: DestinationSignal(.answered), id: id, latestID: latestID, isRetried: false,
      hadFailed: hadFailed, now: now)
  }
}
