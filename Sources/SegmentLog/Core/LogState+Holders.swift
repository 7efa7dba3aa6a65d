/// Where a segment stands in the state.
struct Holder: Equatable {
  var kind: SegmentHeader.Kind
  var index: Int
}

extension LogState {
  /// The segment that holds a message; nil when none does.
  ///
  /// One and only one, as a rule. In a full scan a message may stand in several: then in the segment
  /// of the log rather than in a cold one, and in the newer one of those; but where it is lost in one,
  /// the other counts.
  func holder(of sequence: Sequence) -> Holder? {
    guard let index = segments.index(holding: sequence) else { return coldHolder(of: sequence) }
    if !cold.isEmpty, segments[index].isLost(sequence),
      let other = coldHolder(of: sequence), !self[other].isLost(sequence)
    {
      return other
    }
    return Holder(kind: .wal, index: index)
  }

  private func coldHolder(of sequence: Sequence) -> Holder? {
    var lost: Int?
    for index in cold.indices.reversed() {
      guard let place = cold[index].index(of: sequence) else { continue }
      if cold[index].isLive(at: place) || cold[index].hasEnding(at: place) {
        return Holder(kind: .cold, index: index)
      }
      lost = lost ?? index
    }
    return lost.map { Holder(kind: .cold, index: $0) }
  }

  subscript(holder: Holder) -> SegmentState {
    // A copy would hold on to a dozen tables for each message that is looked at.
    _read {
      switch holder.kind {
      case .wal: yield segments[holder.index]
      case .cold: yield cold[holder.index]
      }
    }
    _modify {
      switch holder.kind {
      case .wal: yield &segments[holder.index]
      case .cold: yield &cold[holder.index]
      }
    }
  }

  /// Every segment, those of the log first.
  var holders: [Holder] {
    segments.indices.map { Holder(kind: .wal, index: $0) }
      + cold.indices.map { Holder(kind: .cold, index: $0) }
  }

  func state(of sequence: Sequence) -> RecordStatus.State? {
    holder(of: sequence).flatMap { self[$0].state(of: sequence) }
  }
}

extension SegmentState {
  /// Of a message that stands here: it neither lives nor has an ending.
  func isLost(_ sequence: Sequence) -> Bool {
    guard let index = index(of: sequence) else { return false }
    return !isLive(at: index) && !hasEnding(at: index)
  }
}
