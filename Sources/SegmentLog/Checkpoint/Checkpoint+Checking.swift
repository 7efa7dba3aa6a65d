extension Checkpoint {
  /// What can't be, though every part by itself could; nil when all parts fit together.
  var contradiction: String? {
    numbersContradiction ?? countersContradiction ?? segmentsContradiction
      ?? destinationsContradiction
      ?? attemptsContradiction
  }

  private var numbersContradiction: String? {
    let numbers = [
      number, createdMs, position.segment, position.offset, position.frameOffset,
      position.nextFrameNumber, counters.lastCommittedAtMs, counters.nextCold, counters.nextDedup,
    ]
    let sequences = [counters.dedupFloor, counters.lostOutside]
    let isReachable =
      numbers.allSatisfy { $0 < FormatLimits.numberMax }
      && sequences.allSatisfy { $0 < FormatLimits.sequenceMax }
    return isReachable ? nil : "a number that no log reaches"
  }

  private var countersContradiction: String? {
    let totals = counters.totals
    guard totals.isPossible else { return "more messages ended than were accepted" }
    guard counters.nextSequence >= 1, counters.nextSequence < Recovery.sequenceMax,
      totals.accepted < counters.nextSequence
    else { return "\(totals.accepted) messages up to number \(counters.nextSequence)" }
    return nil
  }

  private var segmentsContradiction: String? {
    guard let last = segments.last, last.id == position.segment, last.end == position.offset,
      position.frameOffset < position.offset
    else { return "its position is not the end of its last segment" }
    var next: Sequence = 1
    var before: UInt64 = 0
    var live = cold.reduce(0) { $0 + $1.liveCount }
    var dead = cold.reduce(0) { $0 + $1.parkedCount }
    if let reason = coldContradiction { return reason }
    for segment in segments {
      guard segment.id > before else { return "segment \(segment.id) is out of order" }
      before = segment.id
      live += segment.liveCount
      dead += segment.parkedCount
      guard segment.count > 0 else { continue }
      guard segment.first >= next, segment.next <= counters.nextSequence else {
        return "segment \(segment.id) holds message \(segment.first) to \(segment.next - 1)"
      }
      next = segment.next
    }
    let totals = counters.totals
    guard dead == totals.dead, live <= totals.pending + totals.dead else {
      return "\(live) live messages (\(dead) dead) stand in segments; the totals say "
        + "\(totals.pending) pending and \(totals.dead) dead"
    }
    return nil
  }

  private var coldContradiction: String? {
    var before: UInt64 = 0
    for segment in cold {
      guard segment.id > before, segment.id < counters.nextCold else {
        return "cold segment \(segment.id) is out of order"
      }
      before = segment.id
      guard segment.next <= counters.nextSequence else {
        return "cold segment \(segment.id) holds message \(segment.next - 1)"
      }
    }
    return nil
  }

  private var destinationsContradiction: String? {
    let known = Set(destinations.map(\.id))
    guard Set(destinations.map(\.origin)).count == destinations.count else {
      return "a destination stands twice"
    }
    for segment in segments + cold {
      for destination in segment.destinations where !known.contains(destination.id) {
        return "\(segment.file) uses destination \(destination.id), which is not defined"
      }
    }
    return nil
  }

  private var attemptsContradiction: String? {
    var stray: Sequence?
    attempts.forEach { attempt in
      guard holder(of: attempt.sequence)?.isLive(attempt.sequence) ?? false else {
        stray = attempt.sequence
        return
      }
    }
    return stray.map { "message \($0) was tried and does not live" }
  }
}

extension Checkpoint {
  /// The segment that holds a message; nil when none does.
  func holder(of sequence: Sequence) -> SegmentState? {
    if let index = segments.index(holding: sequence) { return segments[index] }
    return cold.last { $0.holds(sequence) }
  }
}

extension [SegmentState] {
  /// The segment that holds a sequence; nil when none does. Ascending, as they always are.
  func index(holding sequence: Sequence) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].first <= sequence { low = middle + 1 } else { high = middle }
    }
    guard low > 0, self[low - 1].holds(sequence) else { return nil }
    return low - 1
  }
}
