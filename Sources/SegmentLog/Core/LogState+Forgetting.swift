// What the duplicate check remembers, and what leaves the tables.
extension LogState {
  /// Whether the duplicate check has no use for a sequence any more.
  func isForgotten(_ sequence: Sequence) -> Bool {
    guard let index = segmentIndex(of: sequence) else {
      guard sequence >= dedupFloor, let entry = recent[sequence] else { return true }
      return isOver(entry.acceptedAtMs)
    }
    return isForgotten(sequence, in: index)
  }

  private func isForgotten(_ sequence: Sequence, in index: Int) -> Bool {
    if segments[index].isLive(sequence) { return false }
    guard sequence >= dedupFloor, let last = segments[index].lastAtMs else { return true }
    return isOver(last)
  }

  private func isOver(_ acceptedAtMs: UInt64) -> Bool {
    acceptedAtMs.addingCapped(dedupWindowMs) < lastCommittedAtMs
  }

  /// Keeps at most `dedupMax` ended ones.
  mutating func forgetOldest() {
    forgetUnremembered()
    while endedKept > dedupMax {
      guard let index = segments.firstIndex(where: { $0.next > dedupFloor && $0.count > 0 }) else {
        endedKept = 0
        return
      }
      let first = segments[index].first
      if dedupFloor < first {
        // Between two segments: known as far as it is among the recent ones.
        let known = min(first, recent.oldest(before: nextSequence))
        if dedupFloor < known {
          counters.dedupFloor = known
        } else {
          if recent[dedupFloor]?.ending != nil { endedKept -= 1 }
          counters.dedupFloor += 1
        }
      } else if let ended = segments[index].firstEnded(from: dedupFloor) {
        counters.dedupFloor = ended + 1
        endedKept -= 1
      } else {
        counters.dedupFloor = segments[index].next
      }
    }
  }

  /// What stands in no segment is known only while it is among the recent ones.
  private mutating func forgetUnremembered() {
    let known = min(segments[0].first, recent.oldest(before: nextSequence))
    guard dedupFloor < known else { return }
    endedKept = max(0, endedKept - Int(known - dedupFloor))
    counters.dedupFloor = known
  }

  /// After a start from a checkpoint: what stands in the segments is what is known.
  mutating func countEndedKept() {
    if let first = segments.first { counters.dedupFloor = max(dedupFloor, first.first) }
    endedKept = segments.reduce(0) { $0 + $1.ended(from: dedupFloor) }
  }

  /// A segment without records makes room for the one that takes its place.
  mutating func removeLastSegment() { removeSegment(at: segments.count - 1) }

  /// The segment's file is gone; all of its messages have ended.
  mutating func removeSegment(at index: Int) {
    let gone = segments.remove(at: index)
    for destination in gone.destinations { destinations.release(destination.id) }
    guard !segments.isEmpty else { return }
    let first = max(gone.first, dedupFloor)
    let unknown = min(gone.next, recent.oldest(before: nextSequence)).subtractingCapped(first)
    endedKept = max(0, endedKept - Int(unknown))
    forgetUnremembered()
  }

  /// The messages of one frame that stands before a checkpoint's position, as its directory tells of
  /// them. A frame's at a time, and `segment` given apart: looking each one up in the state's table
  /// would cost more than all the rest.
  ///
  /// `batch` gets those that belong into the UUID index, which `insert` takes many at a time. Returns
  /// the first message that doesn't belong there; those behind it are left out.
  mutating func remember(
    _ messages: [DirectoryMessage], of segment: borrowing SegmentState,
    _ batch: inout [UUIDIndex.Entry]
  ) -> Sequence? {
    let recentFrom = recent.oldest(before: nextSequence)
    let forgotten = segment.lastAtMs.map { isOver($0) } ?? true
    let endedFloor = forgotten ? .max : dedupFloor
    for message in messages {
      let sequence = message.sequence
      guard let place = segment.index(of: sequence) else { return sequence }
      if sequence >= recentFrom {
        recent.insert(
          RecentMessages.Entry(
            sequence: sequence, key: message.key, contentHash: message.contentHash,
            acceptedAtMs: message.acceptedAtMs))
        if let ending = segment.ending(of: sequence) { recent.end(sequence, ending) }
      }
      if sequence >= endedFloor || segment.isLive(at: place) {
        batch.append(UUIDIndex.Entry(key: message.key, sequence: sequence))
      }
    }
    return nil
  }

  /// Room in the UUID index for everything in the segments that isn't forgotten.
  mutating func reserveIndex() {
    index.reserve(
      segments.reduce(0) { sum, segment in
        let over = segment.lastAtMs.map { isOver($0) } ?? true
        return sum + (over ? Int(segment.liveCount) : segment.count)
      })
  }

  /// Messages that can't be read, as a start finds out.
  mutating func lose(_ sequences: ClosedRange<Sequence>, except whole: Set<Sequence>) {
    for sequence in sequences where !whole.contains(sequence) {
      guard let index = segmentIndex(of: sequence), segments[index].isLive(sequence) else {
        continue
      }
      if segments[index].isParked(sequence) {
        counters.totals.dead -= 1
      } else {
        destinations.removeWaiting(segments[index].destination(of: sequence))
      }
      segments[index].lose(sequence)
      attempts[sequence] = nil
      endedKept += 1
    }
  }
}
