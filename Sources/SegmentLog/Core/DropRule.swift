/// When a file may go, and why it may not.
///
/// Whatever a start begins from (the newest checkpoint, or the one before when that can't be read),
/// every file that it needs must exist. So a file goes only when neither of the two needs it.
struct DropRule {
  struct Candidate {
    var file: LogFile
    /// Where its frames end.
    var end: UInt64 = 0
    var isActive = false
    var isDamaged = false
    /// A compaction is reading it.
    var isBeingRead = false
    /// Pending and dead messages, as of now.
    var live: UInt64 = 0
    var dead: UInt64 = 0
  }

  /// Why it stays; nil when it can go. `kept`: the checkpoints that stand, newest first.
  static func reason(_ candidate: Candidate, kept: [KeptCheckpoint]) -> KeepReason? {
    if candidate.isActive { return .active }
    if candidate.isDamaged { return .damaged }
    if candidate.live > 0 { return .live(candidate.live, dead: candidate.dead) }
    if candidate.isBeingRead { return .isBeingRead }
    guard kept.count >= 2 else { return .awaitsCheckpoint }
    for checkpoint in kept.prefix(2) where !checkpoint.isBeyond(candidate) {
      return .awaitsCheckpoint
    }
    // What only the older one needs goes with the next checkpoint.
    if kept[0].needs[candidate.file] == .note { return .note }
    return kept.prefix(2).contains { $0.needs[candidate.file] != nil } ? .awaitsCheckpoint : nil
  }
}

enum KeepReason: Sendable, Equatable, CustomStringConvertible {
  case active
  case damaged
  case live(UInt64, dead: UInt64)
  case isBeingRead
  /// It is finished; the checkpoints that say so are yet to be written.
  case awaitsCheckpoint
  /// A live message's last error text stands in it.
  case note

  var description: String {
    switch self {
    case .active: return "active"
    case .damaged: return "damaged"
    case .isBeingRead: return "a compaction is reading it"
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
  /// The files that a start from it needs; all others may be gone.
  var needs: [LogFile: CheckpointNeed]
  /// Cold segments and dedup files from these numbers on were put in force behind its position: a
  /// start from it looks for them.
  var nextCold: UInt64 = 1
  var nextDedup: UInt64 = 1

  /// Whether a start from here never meets the file behind the position.
  func isBeyond(_ candidate: DropRule.Candidate) -> Bool {
    switch candidate.file {
    case .wal(let id): position.isBeyond(segment: id, end: candidate.end)
    case .cold(let id): id < nextCold
    case .dedup(let id): id < nextDedup
    }
  }
}
