import DequeModule

/// Outcomes that wait to be handed to the store. Bounded by the schedule, which starts nothing while
/// too many are unrecorded.
struct OutcomeQueue {
  struct Batch: Sendable {
    var grant: LaneGrant
    var changes: [Change]

    /// A message is to be tried again before an unhurried commit would be over: waiting for that
    /// would stretch its schedule.
    var hasShortWait: Bool {
      changes.contains { change in
        if case .retry(_, _, let delayMs, _) = change { return delayMs < 1000 }
        return false
      }
    }
  }

  /// In one call to the store.
  private static let batchMax = 1024

  private var waiting: Deque<(grant: LaneGrant, change: Change)> = []

  var isEmpty: Bool { waiting.isEmpty }
  var count: Int { waiting.count }

  mutating func append(_ change: Change, under grant: LaneGrant) {
    waiting.append((grant, change))
  }

  mutating func nextBatch() -> Batch? {
    guard let grant = waiting.first?.grant else { return nil }
    var changes: [Change] = []
    while changes.count < Self.batchMax, let first = waiting.first, first.grant == grant {
      changes.append(first.change)
      waiting.removeFirst()
    }
    return Batch(grant: grant, changes: changes)
  }
}
