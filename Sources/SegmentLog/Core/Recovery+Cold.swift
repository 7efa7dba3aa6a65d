import Glibc

// Compactions, as a start meets them.
extension Recovery {
  // MARK: A compaction in the log

  /// A record that was folded puts its output in force, when that can be read and holds all that
  /// lives in the inputs; else these stay in force.
  mutating func apply(_ record: CompactionRecord, at offset: UInt64) throws(DiskError) {
    state.counters.nextCold = max(state.counters.nextCold, (record.cold ?? 0).addingCapped(1))
    state.counters.nextDedup = max(state.counters.nextDedup, (record.dedup ?? 0).addingCapped(1))
    standing?.apply(record)
    var output = CompactionOutput(record: record, cold: nil, notes: [], dedup: nil)
    var copy: ColdFile?
    if let id = record.cold {
      guard let file = try readCold(id, of: record) else {
        unusedRecords.append(record)
        return
      }
      output.cold = file.segment
      output.notes = file.notes
      copy = file
    }
    if let id = record.dedup { output.dedup = try readDedup(id) }
    if let dedup = output.dedup, !stand(record.inputs) { _ = try rememberAll(of: dedup) }
    guard state.isComplete(output) else {
      let file = state.segments[state.segments.count - 1].file
      let inputs = record.inputs.map(\.file.name).joined(separator: ", ")
      report.notes.append(
        "\(file) at offset \(offset): the compaction of \(inputs) lacks messages that live there: "
          + "they stay in force")
      return
    }
    putInForce(output, copy)
    if let damage = output.cold?.damage {
      report.notes.append("\(FileNames.cold(record.cold ?? 0)) is used though damaged: \(damage)")
    }
  }

  /// nil, and named, when it can't be used.
  private mutating func readCold(
    _ id: UInt64, of record: CompactionRecord
  ) throws(DiskError) -> ColdFile? {
    let name = FileNames.cold(id)
    let file: ColdFile
    do throws(ColdError) { file = try readCold(id) } catch {
      if case .disk(let failure) = error {
        guard failure.code == ENOENT else { throw failure }
        // Compacted again later, and dropped: a full scan meets such records.
        guard start != nil else { return nil }
        note(
          damage: Damage(
            kind: .missing, file: name, offset: nil, reason: "\(name) is missing", lost: nil))
        return nil
      }
      noteUnusable(name, error)
      return nil
    }
    guard file.record == nil || file.record == record else {
      noteUnusable(name, .otherFile("holds what another compaction left"))
      return nil
    }
    noteDamage(of: file)
    return file
  }

  private mutating func noteUnusable(_ name: String, _ error: ColdError) {
    guard !report.damage.contains(where: { $0.file == name }) else { return }
    note(
      damage: Damage(kind: .header, file: name, offset: 0, reason: error.description, lost: nil))
  }

  private mutating func noteDamage(of file: ColdFile) {
    let name = file.segment.file
    guard let reason = file.segment.damage, !report.damage.contains(where: { $0.file == name })
    else { return }
    for finding in file.verdict.damage {
      note(damage: Damage(finding, in: name))
      quarantine.append(Quarantine.Item(file: name, offset: finding.offset, end: finding.end))
    }
    if file.verdict.damage.isEmpty {
      note(damage: Damage(kind: .frame, file: name, offset: nil, reason: reason, lost: nil))
    }
  }

  /// The destinations' numbers are the state's.
  mutating func readCold(
    _ id: UInt64, visit: (FrameDirectory) -> Void = { _ in }
  ) throws(ColdError) -> ColdFile {
    try ColdFile.read(
      FileNames.cold(id), id: id, store: store, on: disk, visit: { visit($1) }
    ) { number, origin in
      let origin =
        origin ?? state.destinations.origin(number) ?? "unknown destination \(number)"
      let id = state.destinations.use(
        origin, wanted: number, limit: DestinationTable.numbersMax)
      heldDestinations.append(id)
      return id
    }
  }

  /// nil, and said, when it can't be used: what it would have known counts as new.
  mutating func readDedup(_ id: UInt64) throws(DiskError) -> DedupHeader? {
    do throws(DedupError) {
      return try DedupFile(id: id, store: store, on: disk).header
    } catch {
      if case .disk(let failure) = error, failure.code != ENOENT { throw failure }
      noteForgotten(FileNames.dedup(id), error)
      return nil
    }
  }

  /// Of inputs that are gone already the index knows nothing.
  private func stand(_ inputs: [CompactionRecord.Input]) -> Bool {
    let standing = Set(state.holders.map { state[$0].asInput })
    return inputs.allSatisfy(standing.contains)
  }

  /// The entries of a dedup file, into the UUID index; says what could not be read.
  private mutating func rememberAll(
    of dedup: DedupHeader
  ) throws(DiskError) -> DedupError? {
    do throws(DedupError) {
      let file = try DedupFile(id: dedup.id, store: store, on: disk)
      guard file.header == dedup else { throw .otherFile("is another file than it was") }
      let (unreadable, first): (UInt64, DedupError?)
      do throws(DiskError) {
        (unreadable, first) = try file.forEach { state.remember($0) }
      } catch {
        throw .disk(error)
      }
      if unreadable > 0, let first {
        report.notes.append(
          "\(FileNames.dedup(dedup.id)): \(unreadable) pages can't be read (\(first)); a message "
            + "that was delivered may be taken again")
      }
      return nil
    } catch {
      if case .disk(let failure) = error, failure.code != ENOENT { throw failure }
      return error
    }
  }

  mutating func noteForgotten(_ name: String, _ error: DedupError) {
    report.notes.append(
      "\(name) is not used: \(error); a message that was delivered may be taken again")
  }

  // MARK: A full scan

  /// Every cold segment that can be read is in force, and every dedup file. To be called when the
  /// first segment of the log is entered.
  mutating func takeCold() throws(LogError) {
    do throws(DiskError) {
      let names = try disk.list()
      for id in names.compactMap(FileNames.coldID).sorted() { try takeCold(id) }
      for id in names.compactMap(FileNames.dedupID).sorted() {
        guard let dedup = try readDedup(id) else { continue }
        state.counters.dedupFloor = min(state.dedupFloor, dedup.firstSequence)
        state.insert(dedup)
      }
    } catch {
      throw .disk(error)
    }
    for file in coldFiles { applyStates(of: file, atEnd: false) }
  }

  private mutating func takeCold(_ id: UInt64) throws(DiskError) {
    let file: ColdFile
    var keys: [(UUIDKey, Sequence)] = []
    do throws(ColdError) {
      file = try readCold(id) { directory in
        for message in directory.messages { keys.append((message.key, message.sequence)) }
      }
    } catch {
      if case .disk(let failure) = error { throw failure }
      return noteUnusable(FileNames.cold(id), error)
    }
    noteDamage(of: file)
    state.shadow(by: file.segment)
    state.insert(cold: file.segment)
    coldFiles.append(file)
    if let record = file.record { coldRecords.append(record) }
    for (key, sequence) in keys { state.index.insert(key, sequence) }
  }

  /// What cold segments say of messages that stand in the log. To be called when all is folded, and
  /// once more when frames were written again.
  mutating func applyColdStates() {
    for file in coldFiles { applyStates(of: file, atEnd: true) }
    state.forgetShadowed()
    state.forgetOldest()
  }

  private mutating func applyStates(of file: ColdFile, atEnd: Bool) {
    var places: [Sequence: NotePlace] = [:]
    for note in file.notes { places[note.sequence] = note.place }
    for wait in file.waits { state.apply(wait: wait, note: places[wait.sequence]) }
    for outcome in file.outcomes {
      guard let holder = state.holder(of: outcome.sequence) else { continue }
      if outcome.kind == .dead {
        state.apply(outcome: outcome, note: places[outcome.sequence])
      } else if holder.kind == .cold, outcome.sequence < state.firstKept {
        state.endSilently(outcome, in: holder)
      } else if atEnd {
        state.apply(outcome: outcome, note: nil)
      }
    }
    guard atEnd else { return }
    for sequence in file.textless { state.forgetNote(ofDead: sequence) }
  }

  // MARK: A checkpoint

  /// The cold segments that a checkpoint lists are the ones that stand there.
  mutating func compareCold(_ checkpoint: inout Checkpoint) throws(CheckpointError) {
    let needs = checkpoint.needs
    var missing: Set<UInt64> = []
    for segment in checkpoint.cold {
      let reason: String
      do throws(DiskError) {
        let file = try disk.open(segment.file, .readOnly)
        defer { file.close() }
        if try isStill(segment, file) { continue }
        reason = "\(segment.file) is another file than it was"
      } catch {
        guard error.code == ENOENT else { throw .disk(error) }
        reason = "\(segment.file) is missing"
      }
      if needs[segment.logFile] != nil {
        gone[segment.logFile] = reason
      } else {
        missing.insert(segment.id)
      }
    }
    checkpoint.cold.removeAll { missing.contains($0.id) }
  }

  /// One without a header that can be read is damaged, which is named where it is read.
  private func isStill(_ segment: SegmentState, _ file: any DiskFile) throws(DiskError) -> Bool {
    do throws(SegmentHeaderError) {
      let header = try SegmentHeader.read(from: file).header
      return header.kind == .cold && header.id == segment.id && header.salt == segment.salt
        && header.store == store
    } catch {
      if case .disk(let failure) = error { throw failure }
      return true
    }
  }

  /// A cold segment without a good header is damaged, though all that it holds is known. A disk that
  /// fails to read it says nothing of the segment, and ends the start.
  mutating func noteColdHeaders() throws(CheckpointError) {
    for index in state.cold.indices where gone[state.cold[index].logFile] == nil {
      let name = state.cold[index].file
      do throws(SegmentHeaderError) {
        let file: any DiskFile
        do throws(DiskError) { file = try disk.open(name, .readOnly) } catch { throw .disk(error) }
        defer { file.close() }
        if let copy = try SegmentHeader.read(from: file).damagedCopy { note(copy, of: name) }
      } catch {
        if case .disk(let failure) = error { throw .disk(failure) }
        state.cold[index].damage = error.description
        note(header: error.description, of: name)
      }
    }
  }

  /// The duplicate check gets back what it knew of messages that are gone.
  mutating func loadDedups() throws(LogError) {
    for index in state.dedups.indices.reversed() {
      let header = state.dedups[index]
      do throws(DiskError) {
        guard let error = try rememberAll(of: header) else { continue }
        noteForgotten(FileNames.dedup(header.id), error)
        state.removeDedup(at: index)
        state.spent.removeLast()
      } catch {
        throw .disk(error)
      }
    }
  }

  // MARK: What is left over

  /// Files that count no more: what the older checkpoint still needs waits for the drop rule, what
  /// no compaction put in force goes. After damage nothing goes: its record may have stood there.
  mutating func sortOutCold() throws(LogError) {
    for id in heldDestinations { state.destinations.release(id) }
    let names: [String]
    do throws(DiskError) { names = try disk.list() } catch { throw .disk(error) }
    let files = names.compactMap(LogFile.init(name:))
    for file in files {
      switch file {
      case .wal: break
      case .cold(let id): state.counters.nextCold = max(state.counters.nextCold, id + 1)
      case .dedup(let id): state.counters.nextDedup = max(state.counters.nextDedup, id + 1)
      }
    }
    var known = Set(state.holders.map { state[$0].logFile } + state.spent.map(\.file))
    for dedup in state.dedups { known.insert(.dedup(dedup.id)) }
    for file in files where !known.contains(file) {
      if isWanted(file) {
        state.spent.append(SpentFile(file: file, bytes: size(of: file)))
      } else if case .wal = file {
        continue
      } else if start != nil, report.damage.isEmpty, report.acceptedDamage.isEmpty {
        strays.append(file.name)
      } else {
        report.notes.append("\(file.name) belongs to no compaction that is known: it stays")
      }
    }
  }

  /// By a start from one of the checkpoints: it is listed; or it stands behind the position, or a
  /// compaction there puts it in force.
  func isWanted(_ file: LogFile) -> Bool {
    kept.contains { checkpoint in
      checkpoint.needs[file] != nil || !checkpoint.isBeyond(DropRule.Candidate(file: file))
    }
  }

  private func size(of file: LogFile) -> UInt64 {
    guard let opened = try? disk.open(file.name, .readOnly) else { return 0 }
    defer { opened.close() }
    return (try? opened.size()) ?? 0
  }
}

extension LogFile {
  /// nil when it is no such file's name exactly, or one with a number that none ever gets.
  package init?(name: String) {
    let file: LogFile? =
      FileNames.segmentID(name).map { .wal($0) } ?? FileNames.coldID(name).map { .cold($0) }
      ?? FileNames.dedupID(name).map { .dedup($0) }
    guard let file, (1..<Recovery.segmentMax).contains(file.id) else { return nil }
    self = file
  }
}
