// A compaction whose record is lost, after damage of what it copied.
extension Recovery {
  /// Cold segments that no record puts in force hold messages of segments that stood then. Where these
  /// can't be read any more, the copy is what is left of them.
  mutating func adoptCold() throws(DiskError) {
    guard start != nil, !report.damage.isEmpty else { return }
    let known = Set(state.cold.map(\.id) + state.spent.map(\.file.id))
    for id in try disk.list().compactMap(FileNames.coldID).sorted() where !known.contains(id) {
      guard let file = try? readCold(id), let record = file.record,
        !state.lost(of: file.segment).isEmpty
      else { continue }
      try adopt(file, record)
    }
  }

  private mutating func adopt(
    _ file: ColdFile, _ record: CompactionRecord
  ) throws(DiskError) {
    let dedup = try record.dedup.map { (id) throws(DiskError) in try readDedup(id) } ?? nil
    let output = CompactionOutput(
      record: record, cold: part(of: file.segment, madeOf: record.inputs.map(\.file)),
      notes: file.notes, dedup: dedup)
    guard state.isComplete(output) else { return }
    putInForce(output, file)
    hasChanged = true
    report.notes.append(
      "\(file.segment.file) is used though the record that put it in force can't be read: messages "
        + "stand in it that can't be read where they stood before")
  }

  /// A copy that was copied again since holds messages that count elsewhere, or ended and are
  /// forgotten: they are left out.
  private func part(of copy: SegmentState, madeOf inputs: [LogFile]) -> SegmentState {
    var others: Set<Sequence> = []
    for index in 0..<copy.count {
      let sequence = copy.sequence(at: index)
      let isWanted =
        state.holder(of: sequence).map { holder in
          state[holder].isLost(sequence) || inputs.contains(state[holder].logFile)
        } ?? false
      if !isWanted { others.insert(sequence) }
    }
    return others.isEmpty ? copy : copy.without(others)
  }

  /// What was lost where it stood before lives in the copy as it did when that was made.
  mutating func putInForce(_ output: CompactionOutput, _ file: ColdFile?) {
    guard let file, !report.damage.isEmpty else { return state.apply(output) }
    let lost = state.lost(of: file.segment)
    state.apply(output, restoring: lost)
    var places: [Sequence: NotePlace] = [:]
    for note in file.notes { places[note.sequence] = note.place }
    for wait in file.waits where lost.contains(wait.sequence) {
      state.apply(wait: wait, note: places[wait.sequence])
    }
    for outcome in file.outcomes where outcome.kind == .dead && lost.contains(outcome.sequence) {
      state.apply(outcome: outcome, note: places[outcome.sequence])
    }
  }
}

extension LogState {
  /// Its messages that are lost where they stand.
  fileprivate func lost(of copy: SegmentState) -> Set<Sequence> {
    var lost: Set<Sequence> = []
    for index in 0..<copy.count where copy.isLive(at: index) {
      let sequence = copy.sequence(at: index)
      if holder(of: sequence).map({ self[$0].isLost(sequence) }) ?? false { lost.insert(sequence) }
    }
    return lost
  }
}
