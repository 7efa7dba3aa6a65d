import DequeModule

/// Destinations that have something ready, in the order in which they get slots: round-robin.
/// Suspects queue apart, so that finding a healthy one never means going through ten thousand of
/// them; the stamps make both rings one round.
struct SlotRings {
  enum Ring: Sendable { case healthy, suspect }

  /// Valid as long as the destination holds the same stamp; others are skipped when they come up.
  struct Seat: Sendable, Equatable {
    var destination: Int
    var stamp: UInt64
  }

  private var healthy: Deque<Seat> = []
  private var suspect: Deque<Seat> = []
  private var lastStamp: UInt64 = 0

  func count(_ ring: Ring) -> Int { ring == .healthy ? healthy.count : suspect.count }
  var count: Int { healthy.count + suspect.count }

  /// - Returns: the stamp that makes the seat valid.
  mutating func append(_ destination: Int, to ring: Ring) -> UInt64 {
    lastStamp += 1
    rotate(Seat(destination: destination, stamp: lastStamp), ring)
    return lastStamp
  }

  mutating func popFirst(_ ring: Ring) -> Seat? {
    ring == .healthy ? healthy.popFirst() : suspect.popFirst()
  }

  /// To the end.
  mutating func rotate(_ seat: Seat, _ ring: Ring) {
    ring == .healthy ? healthy.append(seat) : suspect.append(seat)
  }

  /// To the front.
  mutating func putBack(_ seat: Seat, _ ring: Ring) {
    ring == .healthy ? healthy.prepend(seat) : suspect.prepend(seat)
  }

  mutating func keep(where isValid: (Seat) -> Bool) {
    healthy.removeAll { !isValid($0) }
    suspect.removeAll { !isValid($0) }
  }
}
