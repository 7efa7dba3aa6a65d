/// When the core wants to be ticked, counted by the clock that never steps.
///
/// The core names a time of the wall clock. It is turned into a deadline once, when it is new, so
/// that a step of the wall clock afterwards neither delays the tick nor brings it early.
struct TickTimer {
  /// `Monotonic` nanoseconds; nil: nothing to do.
  private(set) var deadline: UInt64?
  private var dueMs: UInt64?
  /// A core that wants to be ticked again at once is not given the whole processor.
  private static let leastPauseNs: UInt64 = 10_000_000
  private static let longestMs: UInt64 = 24 * 3_600_000
  private var notBefore: UInt64 = 0

  mutating func update(
    due new: UInt64?, nowMs: UInt64, monotonic: UInt64 = Monotonic.nanoseconds()
  ) {
    guard new != dueMs else { return }
    dueMs = new
    deadline = new.map { due in
      let waitMs = due > nowMs ? min(due - nowMs, Self.longestMs) : 0
      return max(monotonic + waitMs * 1_000_000, notBefore)
    }
  }

  /// The time to tick with when the deadline was reached. It is at least the time that the core had
  /// named, wherever the wall clock stands now.
  mutating func takeDue(
    nowMs: UInt64, monotonic: UInt64 = Monotonic.nanoseconds()
  ) -> UInt64? {
    guard let due = dueMs, let reached = deadline, reached <= monotonic else { return nil }
    notBefore = monotonic + Self.leastPauseNs
    (dueMs, deadline) = (nil, nil)
    return max(nowMs, due)
  }
}
