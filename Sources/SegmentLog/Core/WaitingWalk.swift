/// Gathers one page of what waits for a destination (nil = for any), in the order of the sequences, from segments
/// that hold stretches one behind the other and from cold ones, whose stretches overlap with all
/// others. Pure.
struct WaitingWalk {
  struct Found {
    var sequence: Sequence
    var holder: Holder
  }

  private let destination: UInt32?
  private let after: Sequence
  private let limit: Int
  /// Live messages that may be looked at in one segment: each gets on, however many others there are.
  private let budget: Int
  private var found: [Found] = []
  /// From here on a segment was not looked through.
  private var border: Sequence?

  init(destination: UInt32?, after: Sequence, limit: Int, segments: Int) {
    budget = max(1 << 16, (1 << 20) / max(segments, 1))
    self.destination = destination
    self.after = after
    self.limit = limit
  }

  /// Nothing of the segment can be part of the page: it begins where another one wasn't looked
  /// through.
  func isPast(_ segment: SegmentState) -> Bool { border.map { segment.first >= $0 } ?? false }

  mutating func look(at segment: SegmentState, _ kind: SegmentHeader.Kind, _ index: Int) {
    guard segment.next > after + 1, segment.hasWaiting(destination) else { return }
    var budget = budget
    let (sequences, stop) = segment.waiting(
      destination: destination, from: after + 1, limit: limit, budget: &budget)
    let holder = Holder(kind: kind, index: index)
    found += sequences.map { Found(sequence: $0, holder: holder) }
    if let stop { border = min(border ?? stop, stop) }
    if found.count > 4 * limit { cut() }
  }

  /// The page; and where the next one goes on, nil at the end.
  mutating func finish() -> (page: [Found], next: Sequence?) {
    cut()
    return (found, border.map { $0 - 1 })
  }

  private mutating func cut() {
    if let border { found.removeAll { $0.sequence >= border } }
    found.sort { $0.sequence < $1.sequence }
    guard found.count > limit else { return }
    border = found[limit].sequence
    found.removeSubrange(limit...)
  }
}
