/// Tasks that have nothing to do. Lives inside a lock; who is woken is resumed outside of it, and
/// looks again for itself whether there is something.
struct ParkingLot {
  private var parked: [CheckedContinuation<Void, Never>] = []

  mutating func park(_ continuation: CheckedContinuation<Void, Never>) {
    parked.append(continuation)
  }

  /// Takes out up to `most`, the latest first: their stacks and caches are warm.
  mutating func take(_ most: Int, into woken: inout [CheckedContinuation<Void, Never>]) {
    for _ in 0..<min(most, parked.count) { woken.append(parked.removeLast()) }
  }
}
