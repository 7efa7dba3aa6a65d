// A compaction whose record is lost, after damage of what it copied.
extension Recovery {
  /// Cold segments that no record puts in force hold messages of segments that stood then. Where these
  /// can't be read any more, the copy is what is left of them.
  mutating func adoptCold() throws(DiskError) {
    guard start != nil, !report.damage.isEmpty else { return }
    let known = Set(state.cold.map(\.id) + state.spent.map(\.file.id))
    for id in try disk.list().compactMap(FileNames.coldID).sorted() where !known.contains(id) {
      guard let file = try? readCold(id), let record = file.record, state.hasLost(file.segment)
      else { continue }
      try adopt(file, record)
    }
  }

  private mutating func adopt(
    _ file: ColdFile, _ record: CompactionRecord
  ) throws(DiskError) {
    let dedup = try record.dedup.map { (id) throws(DiskError) in try readDedup(id) } ?? nil
    let output = CompactionOutput(
      record: record, cold: file.segment, notes: file.notes, dedup: dedup)
    guard state.isComplete(output) else { return }
    var lost: Set<Sequence> = []
    for index in 0..<file.segment.count where file.segment.isLive(at: index) {
      let sequence = file.segment.sequence(at: index)
      if state.holder(of: sequence).map({ state[$0].isLost(sequence) }) ?? false {
        lost.insert(sequence)
      }
    }
    state.apply(output, restoring: lost)
    var places: [Sequence: NotePlace] = [:]
    for note in file.notes { places[note.sequence] = note.place }
    for wait in file.waits where lost.contains(wait.sequence) {
      state.apply(wait: wait, note: places[wait.sequence])
    }
    for outcome in file.outcomes where outcome.kind == .dead && lost.contains(outcome.sequence) {
      state.apply(outcome: outcome, note: places[outcome.sequence])
    }
    hasChanged = true
    report.notes.append(
      "\(file.segment.file) is used though the record that put it in force can't be read: it holds "
        + "\(lost.count) messages that can't be read where they stood")
  }
}

extension LogState {
  /// Whether one of its messages is lost where it stands.
  fileprivate func hasLost(_ copy: SegmentState) -> Bool {
    (0..<copy.count).contains { index in
      let sequence = copy.sequence(at: index)
      return copy.isLive(at: index)
        && holder(of: sequence).map { self[$0].isLost(sequence) } ?? false
    }
  }
}
