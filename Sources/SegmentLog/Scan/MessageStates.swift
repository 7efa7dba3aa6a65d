/// Two bits for each message of a log: what became of it.
package struct MessageStates: Sendable {
  package enum State: UInt8, Sendable {
    case pending = 0
    case delivered = 1
    case dead = 2
    case cancelled = 3
    package var isLive: Bool { self == .pending || self == .dead }
  }

  /// Messages with consecutive sequences in one segment.
  private struct Run {
    var first: Sequence
    var count: Int
    /// Index of the first one among all messages.
    var start: Int
    var segment: Int
  }

  private var runs: [Run] = []
  private var bits: [UInt8] = []
  package private(set) var count = 0

  package init() {}

  /// Takes pending messages in. Sequences only grow; those that don't are left out (false).
  @discardableResult
  package mutating func add(first: Sequence, count added: Int, segment: Int) -> Bool {
    guard added > 0 else { return true }
    if let last = runs.last {
      guard first >= last.first + UInt64(last.count) else { return false }
      if last.segment == segment && first == last.first + UInt64(last.count) {
        runs[runs.count - 1].count += added
      } else {
        runs.append(Run(first: first, count: added, start: count, segment: segment))
      }
    } else {
      runs.append(Run(first: first, count: added, start: 0, segment: segment))
    }
    count += added
    let bytes = (count + 3) / 4
    if bytes > bits.count { bits.append(contentsOf: repeatElement(0, count: bytes - bits.count)) }
    return true
  }

  /// Where a message stands among all; nil for one that isn't in the log.
  package func index(of sequence: Sequence) -> (index: Int, segment: Int)? {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].first <= sequence { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let run = runs[low - 1]
    guard sequence - run.first < UInt64(run.count) else { return nil }
    return (run.start + Int(sequence - run.first), run.segment)
  }

  package subscript(index: Int) -> State {
    get {
      // Two bits are always one of the four.
      State(rawValue: bits[index / 4] >> UInt8(index % 4 * 2) & 3) ?? .pending
    }
    set {
      let shift = UInt8(index % 4 * 2)
      bits[index / 4] = bits[index / 4] & ~(3 << shift) | newValue.rawValue << shift
    }
  }

  /// Which segments hold messages with an index in `range`.
  package func segments(in range: Range<Int>) -> ClosedRange<Int>? {
    let inside = runs.filter {
      $0.start < range.upperBound && $0.start + $0.count > range.lowerBound
    }
    guard let first = inside.first, let last = inside.last else { return nil }
    return first.segment...last.segment
  }
}

extension MessageStates.State {
  package init(_ kind: OutcomeKind) {
    switch kind {
    case .delivered: self = .delivered
    case .dead: self = .dead
    case .cancelled: self = .cancelled
    }
  }

  package var name: String {
    switch self {
    case .pending: "pending"
    case .delivered: "delivered"
    case .dead: "dead"
    case .cancelled: "cancelled"
    }
  }
}
