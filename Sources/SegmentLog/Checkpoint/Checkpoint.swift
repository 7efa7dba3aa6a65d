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
}

extension Checkpoint {
  /// The segments that a start from this checkpoint needs, and for what.
  var needs: [UInt64: CheckpointNeed] {
    var noted: Set<UInt64> = []
    attempts.forEach { if let note = $0.note { noted.insert(note.segment) } }
    return Self.needs(segments, noted: noted, position: position)
  }

  static func needs(
    _ segments: [SegmentState], noted: Set<UInt64>, position: LogPosition
  ) -> [UInt64: CheckpointNeed] {
    var needs: [UInt64: CheckpointNeed] = [:]
    for segment in segments {
      needs[segment.id] = Self.need(of: segment, noted: noted, position: position)
    }
    return needs
  }

  static func need(
    of segment: SegmentState, noted: Set<UInt64>, position: LogPosition
  ) -> CheckpointNeed? {
    if segment.id == position.segment { return .position }
    if segment.damage != nil { return .damage }
    if segment.liveCount > 0 { return .live }
    return noted.contains(segment.id) ? .note : nil
  }
}
