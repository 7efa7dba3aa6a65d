/// The circuits of a destination: of each path in trouble, and one for the destination as a whole.
/// Empty, and 16 bytes, as long as all is well.
struct Circuits {
  /// Paths that are told apart; beyond them several share one.
  static let pathsMax = 64

  var list: [Circuit] = []
  /// Where the search for a parked message begins, so that paths go round.
  private var turn: UInt8 = 0

  var isEmpty: Bool { list.isEmpty }
  var parkedCount: Int { list.reduce(0) { $0 + $1.parked.count } }

  /// The circuit that a path has, shares, or would share; nil = there is none.
  func index(of path: UInt32) -> Int? {
    if list.isEmpty { return nil }
    if let own = list.firstIndex(where: { $0.path == path }) { return own }
    return path == PathKey.whole ? nil : shared(path)
  }

  private func shared(_ path: UInt32) -> Int? {
    let whole = list.firstIndex { $0.path == PathKey.whole }
    guard list.count - (whole == nil ? 0 : 1) >= Self.pathsMax else { return nil }
    let at = Int(path) % Self.pathsMax
    return whole.map { at >= $0 ? at + 1 : at } ?? at
  }

  mutating func indexOrNew(_ path: UInt32) -> Int {
    if let known = index(of: path) { return known }
    list.append(Circuit(path: path))
    return list.count - 1
  }

  /// The circuit that holds a path back now.
  func holding(_ path: UInt32, at now: Duration) -> Int? {
    guard let at = index(of: path), !list[at].mayStart(at: now) else { return nil }
    return at
  }

  func wholeMayStart(at now: Duration) -> Bool {
    index(of: PathKey.whole).map { list[$0].mayStart(at: now) } ?? true
  }

  /// - Returns: under which paths the call is counted, to be told at its end.
  mutating func began(_ path: UInt32, at now: Duration) -> Counted {
    Counted(whole: count(PathKey.whole, at: now), path: count(path, at: now))
  }

  mutating func count(_ path: UInt32, at now: Duration) -> UInt32? {
    guard let at = index(of: path) else { return nil }
    list[at].began(at: now)
    return list[at].path
  }

  mutating func uncount(_ counted: Counted) {
    for path in [counted.whole, counted.path] {
      // What counts a call is not dropped before the call's end.
      if let path, let at = index(of: path) { list[at].uncount() }
    }
  }

  /// Whether at least two paths are dead, so that the next failure says something of the host.
  var severalAreOpen: Bool { list.count { $0.path != PathKey.whole && $0.isOpen } >= 2 }

  /// Whether another path fails, too.
  func others(fail path: UInt32, at now: Duration) -> Bool {
    list.contains { $0.path != PathKey.whole && $0.path != path && $0.isFailing(at: now) }
  }

  func hasReady(at now: Duration) -> Bool {
    list.contains { $0.parked.hasReady(at: now) && $0.mayStart(at: now) }
  }

  /// A parked message that may run, of the path whose turn it is.
  mutating func takeParked(at now: Duration) -> (ready: Ready, circuit: Int)? {
    for step in 0..<list.count {
      let at = (Int(turn) + step) % list.count
      guard list[at].mayStart(at: now), let taken = list[at].parked.take(at: now) else { continue }
      turn = UInt8((at + 1) % list.count)
      let puller = taken.pulledFrom == nil ? nil : list[at].path
      return (Ready(message: taken.message, due: taken.pulledFrom, pulledBy: puller), at)
    }
    return nil
  }

  /// The next time at which a circuit lets something through that it holds.
  func nextTime(after now: Duration, anyWaits: Bool) -> Duration? {
    var next: Duration?
    for circuit in list {
      let isWhole = circuit.path == PathKey.whole
      guard !circuit.parked.isEmpty || (isWhole && anyWaits) else { continue }
      var time = circuit.opensAt(now)
      if !circuit.parked.hasReady(at: now), let pulled = circuit.parked.opensAt {
        time = max(time ?? .zero, pulled)
      }
      if let time, time > now { next = min(next ?? time, time) }
    }
    return next
  }

  var anyIsOpen: Bool { list.contains { $0.isOpen } }

  /// Whether the destination as a whole is dead, or no path that is not has messages parked.
  var allThatWaitAreOpen: Bool {
    list.contains { $0.path == PathKey.whole && $0.isOpen }
      || list.allSatisfy { $0.isOpen || $0.parked.isEmpty }
  }

  /// No call of this path before this time, which its circuit or the destination's sets; nil = any.
  func opensAt(_ path: UInt32, now: Duration) -> Duration? {
    [PathKey.whole, path].compactMap { index(of: $0).flatMap { list[$0].opensAt(now) } }.max()
  }

  /// When the first of those that wait here may go; nil = there is none.
  func nextParked(at now: Duration) -> Duration? {
    list.compactMap { circuit in
      guard !circuit.parked.isEmpty else { return nil }
      let ready = circuit.parked.hasReady(at: now) ? now : circuit.parked.opensAt ?? now
      return max(ready, circuit.opensAt(now) ?? now)
    }.min()
  }

  mutating func dropThoseOver(at now: Duration) {
    if !list.isEmpty { list.removeAll { $0.isOver(at: now) } }
  }

  func forEachParked(_ body: (Waiting) -> Void) {
    for circuit in list { circuit.parked.forEach(body) }
  }

  /// Under which circuits a call is counted.
  struct Counted {
    var whole: UInt32?
    var path: UInt32?
  }
}

/// A message whose turn it is.
struct Ready {
  var message: Waiting
  /// When it was due, for one that was pulled forward.
  var due: Duration?
  /// The circuit that pulled it.
  var pulledBy: UInt32?
}
