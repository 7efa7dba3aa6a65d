extension LogCore {
  /// Goes on in a new segment with at least `room` bytes for frames. False, with nothing changed,
  /// when the disk has no room for one; with `fromReserve` that takes a disk that is full and a
  /// reserve that is used up.
  ///
  /// In this order: the last frame of the old one is synced → the header is written into the
  /// prepared file → sync → rename → sync of the directory → the old one is cut to its end. From the
  /// rename on the new header's word is law: what the old file holds beyond is void.
  ///
  /// `lastSequence`: of the last message in the old one, when that isn't the one before the next.
  func rotate(
    room: UInt64, fromReserve: Bool = true, lastSequence: Sequence? = nil, nowMs: UInt64
  ) throws(LogFailure) -> Bool {
    try checkNames(nowMs: nowMs)
    // What was prepared and has gone since is made again.
    if case .ready(let file) = preparation, !disk.isStill(file.file, under: file.name) {
      file.file.close()
      preparation = .none
    }
    let need = NextFile(
      least: FormatLimits.firstFrameOffset + room, fromReserve: fromReserve, nowMs: nowMs)
    let header = SegmentHeader(
      id: active.id + 1, firstSequence: state.nextSequence,
      createdMs: max(nowMs, state.lastCommittedAtMs), store: store, salt: salts.next(),
      firstFrameNumber: nextFrameNumber, totals: state.totals,
      predecessor: active.asPredecessor(lastSequence: lastSequence ?? state.nextSequence - 1))
    guard let next = try fileWithHeader(header, need) else { return false }
    let name = FileNames.segment(header.id)
    do throws(DiskError) {
      try next.file.sync()
      try disk.rename(next.name, toNew: name)
      try disk.syncDirectory()
    } catch {
      throw stop("starting segment \(header.id)", error)
    }
    closeActive()
    active = ActiveSegment(
      file: next.file, header: header, offset: FormatLimits.firstFrameOffset, capacity: next.size,
      lastWriteAtMs: nowMs)
    var segment = SegmentState(header: header)
    segment.fileBytes = next.size
    state.segments.append(segment)
    checkpoints.rotated()
    lookAtSpace(nowMs: nowMs)
    reviewFiles(nowMs: nowMs)
    return true
  }

  /// Leaves out numbers that are known to have been given. Only a header says so: within a segment a
  /// gap means messages that were lost.
  func skip(to next: Sequence, nowMs: UInt64) throws(LogFailure) {
    guard next > state.nextSequence else { return }
    let last = state.nextSequence - 1
    state.countBeyond()
    state.reserve(to: next)
    encoder.begin(baseSequence: state.nextSequence)
    _ = try rotate(room: 0, lastSequence: last, nowMs: nowMs)
  }

  /// Nothing is written to the old segment from here on. That the cut is durable doesn't matter.
  private func closeActive() {
    let last = state.segments.count - 1
    if (try? active.file.truncate(to: active.offset)) != nil {
      state.segments[last].fileBytes = active.offset
    }
    active.file.close()
    state.segments[last].close()
    sealedBytes += state.segments[last].fileBytes
    sealedFrames += state.segments[last].frames
  }

  private struct NextFile {
    var least: UInt64
    var fromReserve: Bool
    var nowMs: UInt64
  }

  /// A file that begins with the header, not synced; nil when there is no room for one.
  private func fileWithHeader(
    _ header: SegmentHeader, _ need: NextFile
  ) throws(LogFailure) -> PreparedFile? {
    let doing = "starting segment \(header.id)"
    let area = header.encodedArea(state.unended)
    while true {
      let file: PreparedFile
      do throws(DiskError) {
        file = try nextFile(need)
      } catch {
        // One message that is larger than a segment has to have a file of its own: that it can't be made,
        // for whatever reason, is no reason to refuse others.
        let isForOne = need.least > space.segmentSize
        if (error.isNoSpace || isForOne) && failedWrites == 0 { return nil }
        throw stop(doing, error)
      }
      let error: DiskError
      do throws(DiskError) {
        let written = try area.withBytes { (bytes) throws(DiskError) in
          try file.file.write(bytes, at: 0)
        }
        if written == area.count { return file }
        error = DiskError(operation: .write, file: file.name, code: DiskError.shortWrite)
      } catch let failed {
        error = failed
      }
      file.discard(from: disk)
      failedWrites += 1
      if failedWrites > 1 { throw stop(doing, error) }
    }
  }

  /// The prepared file; one made on the spot when there is none or it is too small; one of the
  /// reserve when there is no room to make one.
  private func nextFile(_ need: NextFile) throws(DiskError) -> PreparedFile {
    let size = max(space.segmentSize, need.least)
    if case .ready(let file) = preparation, file.size >= need.least {
      preparation = .none
      return file
    }
    do throws(DiskError) {
      return try PreparationJob(name: Self.hurriedName, size: size).run(on: disk).outcome.get()
    } catch {
      guard error.isNoSpace else { throw error }
      preparation.failed(error, atMs: need.nowMs)
      guard need.fromReserve,
        let file = try reserve.take(atLeast: need.least, as: Self.hurriedName, on: disk)
      else { throw error }
      return file
    }
  }

  /// Beside `FileNames.next`, which another thread may be filling.
  private static let hurriedName = "now.tmp"
}

// MARK: Preparing

extension LogCore {
  /// The next segment, or a file of the reserve, to be made off the writer's thread; nil when all is
  /// there or being made.
  /// Every job that is given out must come back by `prepared`, before `seal`.
  package func preparationWanted(nowMs: UInt64) -> PreparationJob? {
    // One at a time: a segment that is needed meanwhile is made on the spot.
    guard failure == nil, !isSealed, !isMakingReserve else { return nil }
    switch preparation {
    case .running: return nil
    case .ready: return reserveWanted(nowMs: nowMs)
    case .failed(_, let atMs) where nowMs >= atMs && nowMs - atMs < Upkeep.retryMs: return nil
    case .none, .failed: break
    }
    preparation = .running(lacksSpace: preparation.lacksSpace)
    return PreparationJob(name: FileNames.next, size: space.segmentSize)
  }

  package func prepared(_ result: PreparationResult, nowMs: UInt64) {
    if reserve.made(result, nowMs: nowMs) { return }
    if checkpointReserve.made(result, nowMs: nowMs) { return }
    defer { noteShortage(nowMs: nowMs) }
    switch result.outcome {
    case .success(let file):
      if isSealed || failure != nil { file.discard(from: disk) } else { preparation = .ready(file) }
    case .failure(let error): preparation = .failed(error, atMs: nowMs)
    }
  }
}
