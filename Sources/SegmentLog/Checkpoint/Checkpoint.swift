/// The numbers of the live state that stand in no table.
package struct LogCounters: Sendable, Equatable {
  package var totals = Totals()
  package var nextSequence: Sequence = 1
  /// Milliseconds since 1970.
  package var lastCommittedAtMs: UInt64 = 0
  /// The duplicate check forgets ended messages below this one.
  package var dedupFloor: Sequence = 1
  /// Messages that have not ended and stand nowhere: their segments are missing.
  package var lostOutside: UInt64 = 0
  /// Cold segments and dedup files with lower numbers were put in force, or never will be.
  package var nextCold: UInt64 = 1
  package var nextDedup: UInt64 = 1
  package init() {}
}

/// The live state at a position of the log, as it is written to `ckpt-<n>` and read back.
///
/// What can be rebuilt from the heads and directories of the segments (the UUID index) is not in it.
package struct Checkpoint: Sendable {
  package var store: StoreUUID
  /// Grows; the two with the highest numbers count.
  package var number: UInt64
  /// Wall clock, milliseconds since 1970.
  package var createdMs: UInt64
  package var position: LogPosition
  package var counters: LogCounters
  /// Ascending ids; at least those that the segments use.
  package var destinations: [DestinationDefinition] = []
  /// Ascending ids; the last one is the position's.
  var segments: [SegmentState] = []
  /// Ascending ids.
  var cold: [SegmentState] = []
  var dedups: [DedupHeader] = []
  var attempts = AttemptTable()
  /// What was found damaged, so that a start that doesn't read it again still says so.
  package var damage: [Damage] = []

  package init(
    store: StoreUUID, number: UInt64, createdMs: UInt64, position: LogPosition,
    counters: LogCounters
  ) {
    self.store = store
    self.number = number
    self.createdMs = createdMs
    self.position = position
    self.counters = counters
  }

  package var file: String { FileNames.checkpoint(number) }
}

/// Why a start from a checkpoint needs a file.
package enum CheckpointNeed: Sendable, Equatable {
  /// Live messages stand in it.
  case live
  /// The last error text of a live message stands in it.
  case note
  /// The checkpoint's position lies in it.
  case position
  /// It is damaged, and evidence.
  case damage
  /// The duplicate check asks it.
  case remembered
}

extension Checkpoint {
  /// The files that a start from this checkpoint needs, and for what.
  var needs: [LogFile: CheckpointNeed] {
    var noted: Set<LogFile> = []
    attempts.forEach { if let note = $0.note { noted.insert(note.file) } }
    return needs(noted: noted)
  }

  /// `noted`: files with the last error text of a live message.
  func needs(noted: Set<LogFile>) -> [LogFile: CheckpointNeed] {
    var needs: [LogFile: CheckpointNeed] = [:]
    for segment in segments + cold {
      needs[segment.logFile] = need(of: segment, noted: noted)
    }
    for dedup in dedups { needs[.dedup(dedup.id)] = .remembered }
    return needs
  }

  private func need(of segment: SegmentState, noted: Set<LogFile>) -> CheckpointNeed? {
    if segment.logFile == .wal(position.segment) { return .position }
    if segment.damage != nil { return .damage }
    if segment.liveCount > 0 { return .live }
    return noted.contains(segment.logFile) ? .note : nil
  }

  var kept: KeptCheckpoint {
    var kept = kept(noted: [])
    kept.needs = needs
    return kept
  }

  /// As the drop rule needs to know it. `noted`: files with the last error text of a live message.
  func kept(noted: Set<LogFile>) -> KeptCheckpoint {
    KeptCheckpoint(
      number: number, position: position, needs: needs(noted: noted),
      nextCold: counters.nextCold, nextDedup: counters.nextDedup)
  }
}
