/// What a checkpoint tells of sequences and files, for who looks at a log from outside.
extension Checkpoint {
  /// Segments with messages, whatever their kind.
  private var holders: [SegmentState] { segments + cold }

  /// Segments (not compacted ones) that must stand for a start from here.
  var neededSegments: [UInt64: CheckpointNeed] {
    var needed: [UInt64: CheckpointNeed] = [:]
    for (file, need) in needs { if case .wal(let id) = file { needed[id] = need } }
    return needed
  }
  /// Compacted ones.
  var neededColds: Set<UInt64> {
    Set(needs.keys.compactMap { if case .cold(let id) = $0 { id } else { nil } })
  }

  /// The messages that had ended or were dead, as far as their segments are listed. Messages of
  /// segments that are not have ended too; how, nobody remembers.
  func forEachEnd(
    _ body: (_ sequence: Sequence, _ state: MessageState, _ attempts: UInt32, _ status: UInt16) ->
      Void
  ) {
    for segment in holders where segment.count > 0 {
      for index in 0..<segment.count {
        let sequence = segment.sequence(at: index)
        if segment.isLive(at: index) {
          if segment.parkedCount > 0, segment.isParked(sequence) { body(sequence, .dead, 0, 0) }
        } else if let ending = segment.ending(of: sequence) {
          body(sequence, MessageState(ending.kind), ending.attempts, ending.status)
        }
      }
    }
  }

  /// The messages that are pending or dead.
  func forEachLive(_ body: (_ sequence: Sequence, _ isDead: Bool) -> Void) {
    for segment in holders where segment.liveCount > 0 {
      for index in 0..<segment.count where segment.isLive(at: index) {
        let sequence = segment.sequence(at: index)
        body(sequence, segment.isParked(sequence))
      }
    }
  }

  /// Of these sequences, none of which stands in a readable frame, those that should: accepted
  /// behind this checkpoint, or listed by it and without an end.
  func unended(in range: ClosedRange<Sequence>, _ body: (ClosedRange<Sequence>) -> Void) {
    for segment in holders where segment.count > 0 {
      let first = segment.firstIndex(from: range.lowerBound)
      for index in first..<max(segment.count, first) {
        let sequence = segment.sequence(at: index)
        guard sequence <= range.upperBound else { break }
        if segment.isLive(at: index) || !segment.hasEnding(at: index) {
          body(sequence...sequence)
        }
      }
    }
    if range.upperBound >= counters.nextSequence {
      body(max(range.lowerBound, counters.nextSequence)...range.upperBound)
    }
  }
}
