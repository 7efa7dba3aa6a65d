/// When a segment's file may go, and why it may not.
///
/// Whatever a start begins from (the newest checkpoint, or the one before when that can't be read),
/// every file that it needs must exist. So a file goes only when neither of the two needs it.
struct DropRule {
  struct Candidate {
    var id: UInt64
    /// Where its frames end.
    var end: UInt64
    var isActive = false
    var isDamaged = false
    /// Pending and dead messages, as of now.
    var live: UInt64 = 0
    var dead: UInt64 = 0
  }

  /// Why it stays; nil when it can go. `kept`: the checkpoints that stand, newest first.
  static func reason(_ segment: Candidate, kept: [KeptCheckpoint]) -> KeepReason? {
    if segment.isActive { return .active }
    if segment.isDamaged { return .damaged }
    if segment.live > 0 { return .live(segment.live, dead: segment.dead) }
    guard kept.count >= 2 else { return .awaitsCheckpoint }
    for checkpoint in kept.prefix(2) {
      // A start from there reads on from its position.
      guard checkpoint.position.isBeyond(segment: segment.id, end: segment.end) else {
        return .awaitsCheckpoint
      }
    }
    // What only the older one needs goes with the next checkpoint.
    if kept[0].needs[segment.id] == .note { return .note }
    return kept.prefix(2).contains { $0.needs[segment.id] != nil } ? .awaitsCheckpoint : nil
  }
}

enum KeepReason: Sendable, Equatable, CustomStringConvertible {
  case active
  case damaged
  case live(UInt64, dead: UInt64)
  /// It is finished; the checkpoints that say so are yet to be written.
  case awaitsCheckpoint
  /// A live message's last error text stands in it.
  case note

  var description: String {
    switch self {
    case .active: return "active"
    case .damaged: return "damaged"
    case .awaitsCheckpoint: return "finished; two checkpoints have to say so before it goes"
    case .note: return "the last error of a message that still lives stands in it"
    case .live(let live, let dead):
      let messages = live == 1 ? "1 live message" : "\(live) live messages"
      return dead == 0 ? messages : messages + " (\(dead) dead)"
    }
  }
}

/// One of the two newest checkpoints, as the drop rule needs to know it.
struct KeptCheckpoint: Sendable, Equatable {
  var number: UInt64
  var position: LogPosition
  /// The segments that a start from it needs; all others may be gone.
  var needs: [UInt64: CheckpointNeed]
}
