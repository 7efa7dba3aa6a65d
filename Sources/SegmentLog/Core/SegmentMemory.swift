/// Which messages of a segment are remembered, and where.
struct SegmentMemory: Sendable {
  /// From here on among the latest messages.
  fileprivate var recentFrom: Sequence
  /// From here on in the UUID index though they have ended; what lives is there in any case.
  fileprivate var endedFloor: Sequence

  fileprivate init(recentFrom: Sequence, endedFloor: Sequence) {
    self.recentFrom = recentFrom
    self.endedFloor = endedFloor
  }

  /// The messages of one frame of the segment. `recent` gets the latest, `index` those that belong
  /// into the UUID index. Returns the first message that doesn't belong there; those behind it are
  /// left out.
  func look(
    at messages: [DirectoryMessage], of segment: borrowing SegmentState,
    recent: inout [RecentMessages.Entry], index: (UUIDIndex.Entry) -> Void
  ) -> Sequence? {
    for message in messages {
      let sequence = message.sequence
      guard let place = segment.index(of: sequence) else {
        // What a cold file holds besides counts in another segment.
        if segment.kind == .cold { continue }
        return sequence
      }
      if sequence >= recentFrom {
        var entry = RecentMessages.Entry(
          sequence: sequence, key: message.key, contentHash: message.contentHash,
          acceptedAtMs: message.acceptedAtMs)
        if let ending = segment.ending(of: sequence) { entry.end(ending) }
        recent.append(entry)
      }
      if sequence >= endedFloor || segment.isLive(at: place) {
        index(UUIDIndex.Entry(key: message.key, sequence: sequence))
      }
    }
    return nil
  }
}

extension LogState {
  /// What is to be remembered of a segment that stands before a checkpoint's position.
  func memory(of segment: borrowing SegmentState) -> SegmentMemory {
    let forgotten = segment.lastAtMs.map { isOver($0) } ?? true
    return SegmentMemory(
      recentFrom: recent.oldest(before: nextSequence), endedFloor: forgotten ? .max : dedupFloor)
  }

  /// A message of such a segment, as its directory tells of it.
  mutating func remember(_ message: RecentMessages.Entry) { recent.insert(message) }
}
