extension Recovery {
  /// The new segment: what can't be proven of the last run is written into it again, all of it is
  /// synced, then it gets its name. It takes the place of a last segment in which nothing is proven.
  mutating func begin(
    store: StoreUUID, after last: LastSegment?
  ) throws(LogError) -> ActiveSegment {
    let file = try prepare(after: last)
    var header = newHeader(store: store, after: last)
    var end = FormatLimits.firstFrameOffset
    do throws(LogError) {
      if let last, last.hasUnproven { end = try logAgain(last, into: file, header) }
      if let last, last.isReplaced {
        state.removeLastSegment()
        copyAside()
      }
      if start == nil { closeBooks() }
      header.totals = state.totals
      // Also what was lost and accepted, where the frames that say so are written again behind it.
      let unended = state.unended
      try settleDamage(store: store)
      if options.onDamage == .refuse && !report.damage.isEmpty {
        throw .damaged(report.damage)
      }
      try put(file, header.encodedArea(unended), as: header.id, replaces: last?.isReplaced ?? false)
    } catch {
      file.discard(from: disk)
      throw error
    }
    let settled = report.damage.count
    try enterNew(file, header, end: end)
    if end > FormatLimits.firstFrameOffset { applyColdStates() }
    coldFiles = []
    // What was written again may name files, too.
    if report.damage.count > settled {
      try settleDamage(store: store)
      if options.onDamage == .refuse && !report.damage.isEmpty { throw .damaged(report.damage) }
    }
    setAside(last)
    let hasFrames = end > FormatLimits.firstFrameOffset
    return ActiveSegment(
      file: file.file, header: header, offset: end, capacity: file.size,
      lastFrameOffset: lastFrameOffset, lastFrameCRC: lastFrameCRC, isUnproven: hasFrames,
      lastWriteAtMs: nowMs,
      hasForeignFrames: hasFrames)
  }

  private mutating func newHeader(
    store: StoreUUID, after last: LastSegment?
  ) -> SegmentHeader {
    var header = SegmentHeader(
      id: 1, firstSequence: state.nextSequence,
      createdMs: max(nowMs, state.lastCommittedAtMs), store: store, salt: salts.next(),
      firstFrameNumber: nextFrameNumber, totals: state.totals, predecessor: nil)
    if let last, last.isReplaced {
      header.id = last.found.id
      header.predecessor = last.found.header?.predecessor
      // A checkpoint may name the place and know it by its salt. Nothing of the old file stays.
      if let salt = last.found.header?.salt { header.salt = salt }
    } else if let last {
      header.id = last.found.id + 1
      header.predecessor = SegmentHeader.Predecessor(
        id: last.found.id, durableLength: last.durableEnd,
        lastSequence: last.nextSequence - 1, lastFrameCRC: last.lastFrameCRC)
    }
    return header
  }

  /// A file of zeros of a segment's size. On a full disk the unused end of the last segment is given
  /// back first, and one that just holds what it must is good enough.
  private func prepare(after last: LastSegment?) throws(LogError) -> PreparedFile {
    var least = FormatLimits.firstFrameOffset
    if let last, last.hasUnproven {
      let defined = state.segments[state.segments.count - 1].destinations.count
      least += last.unprovenBytes + UInt64(defined * (FormatLimits.destinationMax + 16))
    }
    let full = max(segmentSize, least)
    if let file = try make(full) { return file }
    if let last, last.endsInZeros { try? cut(last.found, to: last.unprovenEnd) }
    if let file = try make(full) { return file }
    let small = least + 64 << 10
    switch PreparationJob(name: FileNames.next, size: small).run(on: disk).outcome {
    case .success(let file): return file
    case .failure(let error):
      if error.isNoSpace, let file = try takeReserve(atLeast: least + 8 << 10) { return file }
      throw .disk(error)
    }
  }

  private var segmentSize: UInt64 {
    var watch = SpaceWatch(segmentSize: options.segmentSize)
    watch.looked(try? disk.space(), atMs: nowMs)
    return watch.segmentSize
  }

  private func takeReserve(atLeast size: UInt64) throws(LogError) -> PreparedFile? {
    var reserve = Reserve(FileNames.segmentReserves)
    reserve.adopt(from: disk)
    do throws(DiskError) {
      return try reserve.take(atLeast: size, as: FileNames.next, on: disk)
    } catch {
      throw .disk(error)
    }
  }

  /// nil when there is no room.
  private func make(_ size: UInt64) throws(LogError) -> PreparedFile? {
    switch PreparationJob(name: FileNames.next, size: size).run(on: disk).outcome {
    case .success(let file): return file
    case .failure(let error):
      if error.isNoSpace { return nil }
      throw .disk(error)
    }
  }

  private func cut(_ segment: FoundSegment, to size: UInt64) throws(DiskError) {
    let file = try disk.open(segment.file, .readWrite)
    defer { file.close() }
    try file.truncate(to: size)
  }

  private func put(
    _ file: PreparedFile, _ header: [UInt8], as id: UInt64, replaces: Bool
  ) throws(LogError) {
    do throws(DiskError) {
      try Self.write(header, to: file.file, at: 0)
      try file.file.sync()
      if replaces {
        try disk.rename(file.name, to: FileNames.segment(id))
      } else {
        try disk.rename(file.name, toNew: FileNames.segment(id))
      }
      try disk.syncDirectory()
    } catch {
      throw .disk(error)
    }
  }

  static func write(
    _ bytes: [UInt8], to file: any DiskFile, at offset: UInt64
  ) throws(DiskError) {
    let written = try bytes.withBytes { (buffer) throws(DiskError) in
      try file.write(buffer, at: offset)
    }
    guard written == bytes.count else {
      throw DiskError(operation: .write, file: file.name, code: DiskError.shortWrite)
    }
  }

  /// The new segment stands. What was logged again is folded from where it stands now.
  private mutating func enterNew(
    _ file: PreparedFile, _ header: SegmentHeader, end: UInt64
  ) throws(LogError) {
    if !state.segments.isEmpty { state.segments[state.segments.count - 1].close() }
    try enter(header, nil)
    let index = state.segments.count - 1
    state.segments[index].fileBytes = file.size
    state.segments[index].end = end
    guard end > FormatLimits.firstFrameOffset else { return }
    hasChanged = true
    do throws(DiskError) {
      let scanner = try SegmentScanner(file: file.file, header: header, cut: end)
      while case .frame(let frame) = try scanner.next() {
        try apply(frame, scanner.directory, forceMark: false)
        lastFrameCRC = frame.head.crc
        lastFrameOffset = frame.offset
      }
    } catch {
      // It was opened by another name.
      guard error.file == file.name else { throw .disk(error) }
      throw .disk(
        DiskError(
          operation: error.operation, file: FileNames.segment(header.id), code: error.code))
    }
  }

  /// Copies what was invalid, then cuts the last run's segment to its end.
  private mutating func setAside(_ last: LastSegment?) {
    guard copyAside(), let last, !last.isDamaged, !last.isReplaced else { return }
    do throws(DiskError) {
      try cut(last.found, to: last.durableEnd)
      let index = state.segments.count - 2
      state.segments[index].fileBytes = last.durableEnd
    } catch {
      report.notes.append("\(last.found.file) keeps its unused end: \(error)")
    }
  }
}

// MARK: What was invalid

extension Recovery {
  /// False when something could not be copied.
  @discardableResult
  private mutating func copyAside() -> Bool {
    let outcome = Quarantine.copy(quarantine, on: disk)
    report.notes += outcome.notes
    quarantine.removeAll()
    return outcome.isComplete
  }
}
