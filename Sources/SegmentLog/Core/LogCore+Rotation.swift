extension LogCore {
  /// Goes on in a new segment with at least `room` bytes for frames. False, with nothing changed,
  /// when the disk has no room for one.
  ///
  /// In this order: the last frame of the old one is synced → the header is written into the
  /// prepared file → sync → rename → sync of the directory → the old one is cut to its end. From the
  /// rename on the new header's word is law: what the old file holds beyond is void.
  func rotate(room: UInt64, nowMs: UInt64) throws(LogFailure) -> Bool {
    let size = max(options.segmentSize, FormatLimits.firstFrameOffset + room)
    let header = SegmentHeader(
      id: active.id + 1, firstSequence: state.nextSequence,
      createdMs: max(nowMs, state.lastCommittedAtMs), store: store, salt: salts.next(),
      firstFrameNumber: nextFrameNumber, totals: state.totals,
      predecessor: active.asPredecessor(lastSequence: state.nextSequence - 1))
    guard let next = try fileWithHeader(header, size: size) else { return false }
    let name = FileNames.segment(header.id)
    do throws(DiskError) {
      try next.file.sync()
      try disk.rename(next.name, to: name)
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
    reviewFiles(nowMs: nowMs)
    return true
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

  /// A file of at least `size` bytes that begins with the header, not synced; nil when there is no
  /// room for one.
  private func fileWithHeader(
    _ header: SegmentHeader, size: UInt64
  ) throws(LogFailure) -> PreparedFile? {
    let doing = "starting segment \(header.id)"
    let area = header.encodedArea()
    while true {
      let file: PreparedFile
      do throws(DiskError) {
        file = try nextFile(size: size)
      } catch {
        if error.isNoSpace && failedWrites == 0 { return nil }
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

  /// The prepared file; one made on the spot when there is none or it is too small.
  private func nextFile(size: UInt64) throws(DiskError) -> PreparedFile {
    if case .ready(let file) = preparation, file.size >= size {
      preparation = .none
      return file
    }
    return try PreparationJob(name: Self.hurriedName, size: size).run(on: disk).outcome.get()
  }

  /// Beside `FileNames.next`, which another thread may be filling.
  private static let hurriedName = "now.tmp"
}

// MARK: Preparing

extension LogCore {
  /// A next segment to prepare, off the writer's thread; nil when one is ready or being prepared.
  /// Every job that is given out must come back by `prepared`, before `seal`.
  package func preparationWanted(nowMs: UInt64) -> PreparationJob? {
    guard failure == nil, !isSealed else { return nil }
    switch preparation {
    case .running, .ready: return nil
    case .failed(_, let atMs) where nowMs >= atMs && nowMs - atMs < Upkeep.retryMs: return nil
    case .none, .failed: break
    }
    preparation = .running(lacksSpace: preparation.lacksSpace)
    return PreparationJob(name: FileNames.next, size: options.segmentSize)
  }

  package func prepared(_ result: PreparationResult, nowMs: UInt64) {
    switch result.outcome {
    case .success(let file):
      if isSealed || failure != nil { file.discard(from: disk) } else { preparation = .ready(file) }
    case .failure(let error): preparation = .failed(error, atMs: nowMs)
    }
  }
}
