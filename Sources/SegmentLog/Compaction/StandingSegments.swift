/// Segments by the messages that they hold: dense ones, whose ranges are disjoint, and cold ones,
/// whose ranges may overlap with any other.
struct StandingSegments: Sendable {
  /// Ascending.
  private var wal: [SegmentState]
  private var cold: [SegmentState]

  init(wal: [SegmentState], cold: [SegmentState]) {
    self.wal = wal
    self.cold = cold
  }

  /// The segment that holds a message; nil when none does.
  func holder(of sequence: Sequence) -> SegmentState? {
    if let index = wal.index(holding: sequence) { return wal[index] }
    return cold.first { $0.holds(sequence) }
  }
}
