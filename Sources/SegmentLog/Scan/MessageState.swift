/// What became of a message. The later in this order, the later in a message's life: whatever order
/// a log's files are read in, the highest that is found is the state in the end.
package enum MessageState: UInt8, Sendable, CaseIterable, Comparable {
  case pending = 0
  case dead = 1
  case delivered = 2
  case cancelled = 3

  package init(_ kind: OutcomeKind) {
    switch kind {
    case .delivered: self = .delivered
    case .dead: self = .dead
    case .cancelled: self = .cancelled
    }
  }

  package init?(name: String) {
    guard let state = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = state
  }

  package var isLive: Bool { self < .delivered }

  package var name: String {
    switch self {
    case .pending: "pending"
    case .dead: "dead"
    case .delivered: "delivered"
    case .cancelled: "cancelled"
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
