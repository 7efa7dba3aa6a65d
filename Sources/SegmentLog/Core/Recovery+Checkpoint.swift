extension Recovery {
  /// The state from the newest checkpoint that can be used, and from the frames behind it. nil, with
  /// nothing done but the notes, when there is none.
  mutating func foldFromCheckpoint(
    _ found: [FoundSegment], _ store: StoreUUID
  ) throws(LogError) -> LastSegment? {
    let numbers: [UInt64]
    do throws(DiskError) { numbers = CheckpointReader.numbers(in: try disk.list()) } catch {
      throw .disk(error)
    }
    guard let newest = numbers.first else { return nil }
    nextCheckpoint = newest.addingCapped(1)
    for number in numbers {
      let file = FileNames.checkpoint(number)
      do throws(CheckpointError) {
        var attempt = self
        let last = try attempt.fold(found, from: number, store)
        self = attempt
        report.checkpoint = number
        keepOlder(numbers.filter { $0 < number }, found, store)
        return last
      } catch {
        if case .disk(let failure) = error, !failure.file.hasSuffix(file) {
          throw .disk(failure)
        }
        if case .disagrees = error { keepNumbers(of: number) }
        report.notes.append("\(file) is not used: \(error)")
        quarantine(file)
      }
    }
    report.notes.append(
      "no checkpoint can be used: all segments were read; a message that was delivered may be "
        + "delivered again")
    return nil
  }

  /// What it numbered is never numbered again, whatever else of it can't be true.
  private mutating func keepNumbers(of number: UInt64) {
    guard let checkpoint = try? CheckpointReader.read(number, on: disk, store: store) else {
      return
    }
    numbered = max(numbered, checkpoint.counters.nextSequence)
  }

  /// For a person to look at; the file itself stays until two newer ones stand.
  private mutating func quarantine(_ file: String) {
    guard let opened = try? disk.open(file, .readOnly) else { return }
    defer { opened.close() }
    guard let size = try? opened.size(), size > 0 else { return }
    quarantine.append(Quarantine.Item(file: file, offset: 0, end: size))
  }

  private mutating func fold(
    _ found: [FoundSegment], from number: UInt64, _ store: StoreUUID
  ) throws(CheckpointError) -> LastSegment? {
    var checkpoint = try CheckpointReader.read(number, on: disk, store: store)
    gone = [:]
    unreadableFrame = nil
    try compare(&checkpoint, with: found)
    let position = checkpoint.position
    state = LogState(checkpoint, options)
    report.damage = checkpoint.damage
    kept = [checkpoint.kept]
    start = position
    nextFrameNumber = position.nextFrameNumber
    firstFile = state.segments.first?.file
    let found = noteHeaders(found)
    try noteColdHeaders()
    loseGone()
    strays = found.filter { one in
      one.id < position.segment && !state.segments.contains { $0.id == one.id }
    }.map(\.file)
    let last: LastSegment
    do throws(LogError) {
      try loadIndex()
      noteFrame(before: position)
      try loadDedups()
      last = try foldTail(found.filter { $0.id >= position.segment }, checkpoint)
    } catch {
      switch error {
      case .disk(let failure): throw .disk(failure)
      default: throw .disagrees(error.description)
      }
    }
    if let contradiction { throw .disagrees(contradiction) }
    return last
  }

  /// A segment whose header can't be read is damaged; what it holds is known, and so is its salt.
  private mutating func noteHeaders(_ found: [FoundSegment]) -> [FoundSegment] {
    var found = found
    for index in state.segments.indices where state.segments[index].salt != 0 {
      let segment = state.segments[index]
      guard let at = found.firstIndex(where: { $0.id == segment.id && $0.header == nil }) else {
        continue
      }
      let reason = found[at].problem?.description ?? "no header"
      note(header: reason, of: segment.file)
      state.segments[index].damage = reason
      found[at].header = segment.header
    }
    return found
  }

  /// Named once: a checkpoint may say it already.
  mutating func note(header reason: String, of file: String) {
    if report.damage.contains(where: { $0.file == file && $0.offset == 0 }) { return }
    note(
      damage: Damage(
        kind: .header, file: file, offset: 0, end: FormatLimits.firstFrameOffset, reason: reason,
        lost: nil))
    quarantine.append(
      Quarantine.Item(file: file, offset: 0, end: FormatLimits.firstFrameOffset))
  }

  /// Where the position's segment holds no messages nobody else reads what stands before it.
  private mutating func noteFrame(before position: LogPosition) {
    let file = FileNames.segment(position.segment)
    guard let unreadableFrame, !report.damage.contains(where: { $0.file == file }) else { return }
    note(
      damage: Damage(
        file: file, offset: position.frameOffset, end: position.offset, reason: unreadableFrame,
        lost: nil))
    quarantine.append(
      Quarantine.Item(file: file, offset: position.frameOffset, end: position.offset))
    state.segments[state.segments.count - 1].damage = unreadableFrame
  }

  private mutating func foldTail(
    _ tail: [FoundSegment], _ checkpoint: Checkpoint
  ) throws(LogError) -> LastSegment {
    let position = checkpoint.position
    if tail.first?.id != position.segment {
      // What was begun behind it tells how far it went.
      if let next = tail.first, next.id > position.segment + 1 {
        noteMissing(position.segment + 1..<next.id)
      } else {
        missing[position.segment + 1] = report.damage.lastIndex { $0.file == firstGone(position) }
      }
      state.segments[state.segments.count - 1].close()
    }
    noteMissing(in: tail)
    for (index, segment) in tail.enumerated().dropLast() {
      try fold(segment, successor: tail[index + 1])
    }
    let last = try tail.last.map { (segment) throws(LogError) in try examineLast(segment) }
    do throws(DiskError) { try adoptCold() } catch { throw .disk(error) }
    hasChanged = hasFolded || report.damage != state.damage
    return last ?? lastGone(position)
  }

  private func firstGone(_ position: LogPosition) -> String { FileNames.segment(position.segment) }

  /// The checkpoint before, which a start would fall back to: what it needs stays.
  private mutating func keepOlder(
    _ numbers: [UInt64], _ found: [FoundSegment], _ store: StoreUUID
  ) {
    guard let number = numbers.first, let newest = kept.first,
      let older = try? CheckpointReader.read(number, on: disk, store: store),
      newest.position.isBeyond(segment: older.position.segment, end: older.position.offset)
    else { return }
    let needs = older.needs
    let standing = Set(((try? disk.list()) ?? []).compactMap(LogFile.init(name:)))
    guard needs.allSatisfy({ $1 == .remembered || standing.contains($0) }) else { return }
    kept.append(older.kept)
    strays = strays.filter { file in LogFile(name: file).map { !isWanted($0) } ?? true }
    strays += numbers.dropFirst().map(FileNames.checkpoint)
  }

  /// Files that no checkpoint needs and that end before the newest one's position were dropped before
  /// and have come back with a power cut; so were checkpoints older than the two.
  mutating func unlinkAgain() {
    for file in strays {
      do throws(DiskError) { try disk.unlink(file) } catch {
        report.notes.append("\(file) was dropped before and can't be unlinked: \(error)")
      }
    }
  }
}

// MARK: What the segments say of it

extension Recovery {
  /// A checkpoint is believed unless what can be read says otherwise. A file that it needs and that is
  /// gone, or can't be read, takes what lived in it along and nothing else.
  private mutating func compare(
    _ checkpoint: inout Checkpoint, with found: [FoundSegment]
  ) throws(CheckpointError) {
    let needs = checkpoint.needs
    let position = checkpoint.position
    var standing: [UInt64: Int] = [:]
    for (index, segment) in found.enumerated() { standing[segment.id] = index }
    for segment in checkpoint.segments {
      guard let index = standing[segment.id] else {
        if needs[segment.logFile] != nil { gone[segment.logFile] = "\(segment.file) is missing" }
        continue
      }
      try compare(segment, found[index])
      if index + 1 < found.count, found[index + 1].id == segment.id + 1 {
        try compare(
          segment, predecessor: found[index + 1].header?.predecessor,
          isLast: segment.id == position.segment)
      }
    }
    checkpoint.segments.removeAll { standing[$0.id] == nil && gone[$0.logFile] == nil }
    try compareCold(&checkpoint)
    guard gone[.wal(position.segment)] == nil else { return }
    try checkFrame(at: position, in: checkpoint.segments[checkpoint.segments.count - 1])
  }

  /// That a file is shorter than it was, or has no header, is damage of what stood there, which is
  /// named where it is read. The rest of the checkpoint is as true as before.
  private func compare(
    _ segment: SegmentState, _ found: FoundSegment
  ) throws(CheckpointError) {
    guard let header = found.header else { return }
    guard header.salt == segment.salt || segment.salt == 0 else {
      throw .disagrees("\(segment.file) is another file than it was")
    }
  }

  private func compare(
    _ segment: SegmentState, predecessor: SegmentHeader.Predecessor?, isLast: Bool
  ) throws(CheckpointError) {
    // Of one that could never be read the end isn't known, whether that was accepted or not.
    guard let predecessor, predecessor.id == segment.id, segment.damage == nil, segment.salt != 0
    else { return }
    let length = predecessor.durableLength
    guard isLast ? length >= segment.end : length == segment.end else {
      throw .disagrees(
        "\(segment.file) ends at offset \(length), not at \(segment.end), says its successor")
    }
  }

  /// The last frame before the position is the one that was there, or none that can be read.
  private mutating func checkFrame(
    at position: LogPosition, in segment: SegmentState
  ) throws(CheckpointError) {
    guard position.frameOffset > 0 else { return }
    let frame: FrameReader.Frame
    do throws(FrameError) {
      let file: any DiskFile
      do throws(DiskError) { file = try disk.open(segment.file, .readOnly) } catch {
        throw .disk(error)
      }
      defer { file.close() }
      frame = try FrameReader(file: file, salt: segment.salt).frame(at: position.frameOffset)
    } catch {
      if case .disk(let failure) = error { throw .disk(failure) }
      unreadableFrame = error.description
      return
    }
    guard frame.head.crc == position.frameCRC,
      frame.offset + UInt64(frame.head.totalLength) == position.offset,
      frame.head.frameNumber &+ 1 == position.nextFrameNumber
    else {
      throw .disagrees(
        "\(segment.file) holds another frame at offset \(position.frameOffset) than it did")
    }
  }
}
