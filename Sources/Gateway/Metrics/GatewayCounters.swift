import Synchronization

/// What the gateway counts of itself. The answer that nearly every message gets is counted by a
/// single atomic, the others under a mutex.
package final class GatewayCounters: Sendable {
  private let accepted = Atomic<UInt64>(0)
  private let others = Mutex<[Int: UInt64]>([:])
  private let open = Atomic<Int>(0)

  package init() {}

  /// An answer to a posted message.
  func countEnqueue(status: Int) {
    if status == 202 {
      accepted.wrappingAdd(1, ordering: .relaxed)
    } else {
      others.withLock { $0[status, default: 0] += 1 }
    }
  }

  /// Answers to posted messages by status, in the order of the statuses.
  package func enqueueAnswers() -> [(status: Int, count: UInt64)] {
    var answers = others.withLock { $0.map { (status: $0.key, count: $0.value) } }
    answers.append((202, accepted.load(ordering: .relaxed)))
    return answers.sorted { $0.status < $1.status }
  }

  package var connections: Int { open.load(ordering: .relaxed) }

  /// Counts a new connection in, unless there are `limit` already.
  func openConnection(limit: Int) -> Bool {
    if open.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
    open.wrappingSubtract(1, ordering: .relaxed)
    return false
  }

  func closeConnection() { open.wrappingSubtract(1, ordering: .relaxed) }
}
