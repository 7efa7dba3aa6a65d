extension LogCore {
  func dropReason(_ index: Int) -> KeepReason? {
    let segment = state.segments[index]
    return DropRule.reason(
      DropRule.Candidate(
        id: segment.id, end: segment.end, isActive: index == state.segments.count - 1,
        isDamaged: segment.damage != nil, live: segment.liveCount, dead: segment.parkedCount),
      kept: checkpoints.kept)
  }

  /// Finds out what can be dropped when, and whether another checkpoint would let files go. To be
  /// called when any of it may have changed.
  func reviewFiles(nowMs: UInt64) {
    dropDueAtMs = nil
    checkpoints.letsFilesGo = false
    let remembered = rememberedUntilMs()
    for (index, segment) in state.segments.enumerated().dropLast() {
      let reason = dropReason(index)
      if let reason, reason != .awaitsCheckpoint { continue }
      if let until = remembered[segment.id], until > nowMs {
        dropDueAtMs = min(dropDueAtMs ?? until, until)
      } else if reason == nil {
        dropDueAtMs = nowMs
      } else {
        checkpoints.letsFilesGo = true
      }
    }
  }

  /// Until when finished segments stay by themselves though the rule would let them go.
  ///
  /// The duplicate check confirms what it remembers in the log, so a start that dropped everything
  /// at once would forget the messages of the last run. What it costs is bounded: the newest finished
  /// segments stay, as long as they take no more than one segment in all.
  private func rememberedUntilMs() -> [UInt64: UInt64] {
    guard !isShortOfSpace else { return [:] }
    var bytes: UInt64 = 0
    var remembered: [UInt64: UInt64] = [:]
    for segment in state.segments.dropLast().reversed()
    where segment.liveCount == 0 && segment.damage == nil && segment.messages > 0 {
      bytes += segment.fileBytes
      guard bytes <= options.segmentSize, let lastAtMs = segment.lastAtMs else { break }
      remembered[segment.id] = lastAtMs.addingCapped(options.dedupWindowMs)
    }
    return remembered
  }

  /// Unlinks what the rule lets go; returns what went. With `keepRemembered` what only the duplicate
  /// check needs stays.
  ///
  /// That the names are gone need not be durable: a file that comes back after a power cut is needed
  /// by no checkpoint, and goes again at the start.
  func dropFinished(keepRemembered: Bool, nowMs: UInt64) -> [SegmentOverview] {
    let remembered = keepRemembered ? rememberedUntilMs() : [:]
    var removed: [SegmentOverview] = []
    var hasFailed = false
    var index = 0
    while index < state.segments.count - 1 {
      let segment = state.segments[index]
      guard dropReason(index) == nil, remembered[segment.id].map({ $0 <= nowMs }) ?? true else {
        index += 1
        continue
      }
      do throws(DiskError) { try disk.unlink(segment.file) } catch {
        hasFailed = true
        index += 1
        continue
      }
      removed.append(overview(of: segment, state: .sealed, keptBecause: nil))
      sealedBytes -= segment.fileBytes
      sealedFrames -= segment.frames
      state.removeSegment(at: index)
      reader.release([segment.file])
      droppedFiles.append(segment.file)
    }
    reviewFiles(nowMs: nowMs)
    if hasFailed { dropDueAtMs = nowMs.addingCapped(Upkeep.dropRetryMs) }
    return removed
  }

  /// The names of files that were dropped since the last call: readers let go of them, so that their
  /// space comes back (`LogReader.release`).
  package func takeDroppedFiles() -> [String] {
    defer { droppedFiles = [] }
    return droppedFiles
  }

  var bytesOnDisk: UInt64 {
    var bytes = sealedBytes + state.segments[state.segments.count - 1].fileBytes
    if case .ready(let file) = preparation { bytes += file.size }
    return bytes + reserve.bytes + checkpointReserve.bytes
  }

  package func overview() -> LogOverview {
    let last = state.segments.count - 1
    var segments = state.segments.enumerated().map { index, segment in
      overview(
        of: segment, state: segment.damage != nil ? .damaged : index == last ? .active : .sealed,
        keptBecause: dropReason(index)?.description
          ?? "remembered for the duplicate check until it is compacted")
    }
    if case .ready(let file) = preparation {
      segments.append(
        SegmentOverview(
          id: active.id + 1, file: file.name, state: .prepared, keptBecause: "the next segment"))
    }
    return LogOverview(
      directory: disk.path, segments: segments, bytesOnDisk: bytesOnDisk, damage: state.damage)
  }

  private func overview(
    of segment: SegmentState, state: SegmentOverview.State, keptBecause: String?
  ) -> SegmentOverview {
    SegmentOverview(
      id: segment.id, file: segment.file, state: state, frames: segment.frames,
      messages: segment.messages, live: segment.liveCount, rawBytes: segment.rawBytes,
      storedBytes: segment.end - FormatLimits.firstFrameOffset,
      firstSequence: segment.count > 0 ? segment.first : nil,
      lastSequence: segment.count > 0 ? segment.next - 1 : nil, firstAtMs: segment.firstAtMs,
      lastAtMs: segment.lastAtMs, keptBecause: keptBecause)
  }
}
