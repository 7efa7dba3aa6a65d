import Synchronization

/// How many bytes of requests may be held over all connections while they are being received or wait
/// for room. Small heads, and bodies that arrive in one piece with their head and find room never ask.
package final class ReceiveBudget: Sendable {
  package let limit: Int
  private let held = Atomic<Int>(0)

  package init(limit: Int) { self.limit = limit }

  package var bytes: Int { held.load(ordering: .relaxed) }

  /// Takes `count` bytes, or nothing when they are not free.
  package func take(_ count: Int) -> Bool {
    let after = held.wrappingAdd(count, ordering: .relaxed).newValue
    if after <= limit { return true }
    held.wrappingSubtract(count, ordering: .relaxed)
    return false
  }

  package func give(back count: Int) { held.wrappingSubtract(count, ordering: .relaxed) }
}
