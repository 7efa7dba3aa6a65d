// What the duplicate check remembers, and what leaves the tables.
extension LogState {
  /// Whether the duplicate check has no use for a sequence any more.
  func isForgotten(_ sequence: Sequence) -> Bool {
    if let holder = holder(of: sequence) { return isForgotten(sequence, in: self[holder]) }
    guard sequence >= dedupFloor else { return true }
    if let entry = recent[sequence], !isOver(entry.acceptedAtMs) { return false }
    return !dedups.contains { $0.covers(sequence) && !isOver($0.lastAcceptedMs) }
  }

  private func isForgotten(_ sequence: Sequence, in segment: borrowing SegmentState) -> Bool {
    if segment.isLive(sequence) { return false }
    guard sequence >= dedupFloor, let last = segment.lastAtMs else { return true }
    return isOver(last)
  }

  /// `isForgotten` for many sequences. What is asked of the log's segments is taken out of them before:
  /// a look at a `SegmentState` in an array copies a dozen references, and there are tens of thousands
  /// of messages in a part of a large index.
  func withForgotten(_ body: ((Sequence) -> Bool) -> Void) {
    let spans = segments.map { segment in
      Span(
        first: segment.first, count: segment.count,
        isOver: segment.lastAtMs.map { isOver($0) } ?? true, live: segment.live)
    }
    body { sequence in
      var low = 0
      var high = spans.count
      while low < high {
        let middle = (low + high) / 2
        if spans[middle].first <= sequence { low = middle + 1 } else { high = middle }
      }
      guard low > 0, sequence - spans[low - 1].first < UInt64(spans[low - 1].count) else {
        return isForgotten(sequence)
      }
      if spans[low - 1].live[Int(sequence - spans[low - 1].first)] { return false }
      // It may live in a cold segment.
      guard cold.isEmpty else { return isForgotten(sequence) }
      return sequence < dedupFloor || spans[low - 1].isOver
    }
  }

  private struct Span {
    var first: Sequence
    var count: Int
    var isOver: Bool
    var live: Bitmap
  }

  func isOver(_ acceptedAtMs: UInt64) -> Bool {
    acceptedAtMs.addingCapped(dedupWindowMs) < lastCommittedAtMs
  }

  /// Keeps at most `dedupMax` ended ones.
  mutating func forgetOldest() {
    while endedKept > dedupMax {
      guard let next = oldestEnded() else {
        endedKept = 0
        return
      }
      let forgotten = countEnded(from: dedupFloor, to: next)
      counters.dedupFloor = next
      endedKept -= forgotten
    }
  }

  /// The sequence behind the oldest ended message that is remembered, or behind as many as stand for
  /// one in a dedup file.
  private func oldestEnded() -> Sequence? {
    var oldest: Sequence?
    func consider(_ next: Sequence) { oldest = min(oldest ?? next, next) }
    // By their places: this runs with every outcome once there are as many as may be remembered.
    for index in segments.indices where segments[index].next > dedupFloor {
      guard segments[index].count > 0, let ended = segments[index].firstEnded(from: dedupFloor)
      else { continue }
      consider(ended + 1)
      break
    }
    for index in cold.indices where cold[index].next > dedupFloor {
      if let ended = cold[index].firstEnded(from: dedupFloor) { consider(ended + 1) }
    }
    for dedup in dedups where dedup.lastSequence >= dedupFloor {
      consider(dedup.next(behind: max(dedupFloor, dedup.firstSequence)))
    }
    return oldest
  }

  private func countEnded(from first: Sequence, to next: Sequence) -> Int {
    var ended = 0
    for index in segments.indices { ended += segments[index].ended(from: first, to: next) }
    for index in cold.indices { ended += cold[index].ended(from: first, to: next) }
    for dedup in dedups { ended += dedup.kept(from: first) - dedup.kept(from: next) }
    return ended
  }

  /// After a start from a checkpoint: what stands in the segments and dedup files is what is known.
  mutating func countEndedKept() {
    endedKept =
      (segments + cold).reduce(0) { $0 + $1.ended(from: dedupFloor) }
      + dedups.reduce(0) { $0 + $1.kept(from: dedupFloor) }
  }

  /// A segment without records makes room for the one that takes its place.
  mutating func removeLastSegment() {
    remove(Holder(kind: .wal, index: segments.count - 1))
  }

  /// The segment counts no more: its file is gone, or what lives in it stands elsewhere.
  @discardableResult
  mutating func remove(_ holder: Holder) -> SegmentState {
    let gone: SegmentState
    switch holder.kind {
    case .wal: gone = segments.remove(at: holder.index)
    case .cold: gone = cold.remove(at: holder.index)
    }
    release(destinationsOf: gone)
    endedKept = max(0, endedKept - gone.ended(from: dedupFloor))
    return gone
  }

  /// A delivered message whose segment is gone.
  mutating func remember(_ entry: DedupEntry) {
    guard entry.sequence >= dedupFloor, !isOver(entry.acceptedAtMs) else { return }
    index.insert(entry.key, entry.sequence)
  }

  /// Room in the UUID index for everything in the segments that isn't forgotten.
  mutating func reserveIndex() {
    index.reserve(
      (segments + cold).reduce(0) { sum, segment in
        let over = segment.lastAtMs.map { isOver($0) } ?? true
        return sum + (over ? Int(segment.liveCount) : segment.count)
      } + dedups.reduce(0) { $0 + (isOver($1.lastAcceptedMs) ? 0 : Int($1.count)) })
  }

  /// Messages of one segment that can't be read, as a start finds out.
  mutating func lose(
    _ sequences: ClosedRange<Sequence>, in holder: Holder, except whole: Set<Sequence>
  ) {
    let segment = self[holder]
    let end = segment.firstIndex(from: sequences.upperBound.addingCapped(1))
    for index in segment.firstIndex(from: sequences.lowerBound)..<end {
      let sequence = segment.sequence(at: index)
      if segment.isLive(at: index), !whole.contains(sequence) { lose(sequence, in: holder) }
    }
  }

  private mutating func lose(_ sequence: Sequence, in holder: Holder) {
    if self[holder].isParked(sequence) {
      counters.totals.dead -= 1
    } else {
      destinations.removeWaiting(self[holder].destination(of: sequence), 1)
    }
    self[holder].lose(sequence)
    attempts[sequence] = nil
    endedKept += 1
  }
}
