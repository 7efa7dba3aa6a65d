import NIOCore
import Synchronization

/// Counts connections whose answer is known while the rest of its body is read, so that they can be
/// kept. They hold no slot, so they need a limit of their own; beyond it connections are closed
/// instead.
final class Drains: Sendable {
  /// The longest time for one.
  static let limit = TimeAmount.seconds(1)

  private let most: Int
  private let count = Atomic<Int>(0)

  init(most: Int) { self.most = most }

  /// False when there are enough. To be given back with `end`.
  func begin() -> Bool {
    if count.add(1, ordering: .relaxed).newValue <= most { return true }
    end()
    return false
  }

  func end() { count.subtract(1, ordering: .relaxed) }
}
