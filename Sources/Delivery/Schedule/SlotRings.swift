import DequeModule

/// Destinations that have something ready, in the order in which they get slots: round-robin.
/// Those that are not trusted yet, were never seen to work, or are suspects queue apart, so that
/// finding one that is trusted never means going through ten thousand of them; the stamps make the
/// rings one round.
struct SlotRings {
  enum Ring: Int, Sendable, CaseIterable { case trusted, tried, unproven, suspect }

  /// Valid as long as the destination holds the same stamp; others are skipped when they come up.
  struct Seat: Sendable, Equatable {
    var destination: Int
    var stamp: UInt64
  }

  private var rings = [Deque<Seat>](repeating: [], count: Ring.allCases.count)
  private var lastStamp: UInt64 = 0

  func count(_ ring: Ring) -> Int { rings[ring.rawValue].count }
  var count: Int { rings.reduce(0) { $0 + $1.count } }

  /// - Returns: the stamp that makes the seat valid.
  mutating func append(_ destination: Int, to ring: Ring) -> UInt64 {
    lastStamp += 1
    rotate(Seat(destination: destination, stamp: lastStamp), ring)
    return lastStamp
  }

  mutating func popFirst(_ ring: Ring) -> Seat? {
    rings[ring.rawValue].popFirst()
  }

  /// To the end.
  mutating func rotate(_ seat: Seat, _ ring: Ring) {
    rings[ring.rawValue].append(seat)
  }

  /// To the front.
  mutating func putBack(_ seat: Seat, _ ring: Ring) {
    rings[ring.rawValue].prepend(seat)
  }

  mutating func keep(where isValid: (Seat) -> Bool) {
    for ring in rings.indices { rings[ring].removeAll { !isValid($0) } }
  }
}
