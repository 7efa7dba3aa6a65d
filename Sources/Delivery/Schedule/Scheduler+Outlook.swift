/// When a destination or one of its paths is called next, and how it stands, for who asks.
extension Scheduler {
  package enum Standing: Sendable {
    /// Nothing of it is taken for dead.
    case works
    /// A path is, and something waits for others.
    case partlyDead
    /// It is as a whole, or each path is for which something waits.
    case dead
  }

  package func standing(of origin: Origin) -> Standing {
    var standing = Standing.works
    for i in known(origin) {
      let queue = destinations[i].queue
      guard queue.circuits.anyIsOpen else { continue }
      let isDead = queue.circuits.allThatWaitAreOpen && queue.fresh.isEmpty
      if isDead { return .dead }
      standing = .partlyDead
    }
    return standing
  }

  /// No call of this path before this time; nil = it may be called, or it is not known.
  package func heldUntil(_ origin: Origin, path: UInt32, at now: Moment) -> Duration? {
    known(origin).compactMap {
      destinations[$0].queue.circuits.opensAt(path, now: now.monotonic)
    }.min()
  }

  /// The next call; nil when nothing of it that is in memory is ever due.
  package func nextCall(to origin: Origin, at now: Moment) -> Duration? {
    known(origin).compactMap { i in
      let queue = destinations[i].queue
      let next = [queue.nextUnparked(at: now), queue.circuits.nextParked(at: now.monotonic)]
        .compactMap { $0 }.min()
      let whole = queue.circuits.opensAt(PathKey.whole, now: now.monotonic)
      return next.map { max($0, whole ?? .zero, now.monotonic) }
    }.min()
  }

  /// Its parts by lane.
  private func known(_ origin: Origin) -> [Int] {
    lanes.keys.compactMap { destinations[DestinationKey(lane: $0, origin: origin)] }
  }
}
