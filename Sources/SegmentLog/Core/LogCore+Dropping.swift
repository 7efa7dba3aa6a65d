import Glibc

extension LogCore {
  func dropReason(_ holder: Holder) -> KeepReason? {
    let segment = state[holder]
    let isLast = holder.kind == .wal && holder.index == state.segments.count - 1
    return DropRule.reason(
      DropRule.Candidate(
        file: segment.logFile, end: segment.end, isActive: isLast,
        isDamaged: segment.damage != nil, isBeingRead: copying.inputs.contains(segment.logFile),
        live: segment.liveCount, dead: segment.parkedCount),
      kept: checkpoints.kept)
  }

  private func dropReason(_ spent: SpentFile) -> KeepReason? {
    DropRule.reason(
      DropRule.Candidate(
        file: spent.file, end: spent.end, isBeingRead: copying.inputs.contains(spent.file)),
      kept: checkpoints.kept)
  }

  /// Finds out what can be dropped when, and whether another checkpoint would let files go. To be
  /// called when any of it may have changed.
  func reviewFiles(nowMs: UInt64) {
    copying.mayPlan = state.segments.count > 1 || !state.cold.isEmpty
    dropDueAtMs = nil
    checkpoints.letsFilesGo = false
    forgetDedups(nowMs: nowMs)
    for holder in state.holders {
      let reason = dropReason(holder)
      if let reason, reason != .awaitsCheckpoint { continue }
      if let until = rememberedUntilMs(state[holder]), until > nowMs {
        drop(at: until)
      } else {
        review(reason, nowMs: nowMs)
      }
    }
    for file in state.spent { review(dropReason(file), nowMs: nowMs) }
    for dedup in state.dedups { drop(at: dedup.lastAcceptedMs.addingCapped(options.dedupWindowMs)) }
  }

  private func review(_ reason: KeepReason?, nowMs: UInt64) {
    switch reason {
    case nil: drop(at: nowMs)
    case .awaitsCheckpoint: checkpoints.letsFilesGo = true
    default: break
    }
  }

  private func drop(at dueMs: UInt64) { dropDueAtMs = min(dropDueAtMs ?? dueMs, dueMs) }

  /// Until when a finished segment stays though the rule would let it go: until what the duplicate
  /// check wants of it stands in a dedup file, or has no worth any more. When room is short it goes
  /// at once. nil: it need not stay.
  func rememberedUntilMs(_ segment: SegmentState) -> UInt64? {
    guard !isShortOfSpace, segment.liveCount == 0, segment.damage == nil,
      segment.next > state.dedupFloor, let last = segment.lastAtMs,
      segment.endingKinds.contains(where: { $0.kind == .delivered })
    else { return nil }
    return last.addingCapped(options.dedupWindowMs)
  }

  /// Dedup files whose window is over count no more.
  private func forgetDedups(nowMs: UInt64) {
    for index in state.dedups.indices.reversed() {
      let dedup = state.dedups[index]
      let until = dedup.lastAcceptedMs.addingCapped(options.dedupWindowMs)
      if until <= nowMs || dedup.lastSequence < state.dedupFloor {
        state.removeDedup(at: index)
      }
    }
  }

  /// Unlinks what the rule lets go; returns what went.
  ///
  /// That the names are gone need not be durable: a file that comes back after a power cut is needed
  /// by no checkpoint, and goes again at the start.
  @discardableResult
  func dropFinished(nowMs: UInt64) -> [SegmentOverview] {
    var removed: [SegmentOverview] = []
    var hasFailed = false
    for holder in state.holders.reversed() where dropReason(holder) == nil {
      let segment = state[holder]
      if let until = rememberedUntilMs(segment), until > nowMs { continue }
      guard unlink(segment.file, bytes: segment.fileBytes, frames: segment.frames) else {
        hasFailed = true
        continue
      }
      removed.append(overview(of: segment, state: .sealed, keptBecause: nil))
      state.remove(holder)
    }
    forgetDedups(nowMs: nowMs)
    for index in state.spent.indices.reversed() where dropReason(state.spent[index]) == nil {
      let spent = state.spent[index]
      guard unlink(spent.file.name, bytes: spent.bytes, frames: spent.frames) else {
        hasFailed = true
        continue
      }
      state.spent.remove(at: index)
      if let overview = overview(of: spent, keptBecause: nil) { removed.append(overview) }
    }
    reviewFiles(nowMs: nowMs)
    if hasFailed { dropDueAtMs = nowMs.addingCapped(Upkeep.dropRetryMs) }
    return removed.sorted { $0.file < $1.file }
  }

  private func unlink(_ name: String, bytes: UInt64, frames: UInt64) -> Bool {
    do throws(DiskError) { try disk.unlink(name) } catch {
      // What was lost and accepted is gone already.
      guard error.code == ENOENT else { return false }
    }
    sealedBytes -= min(bytes, sealedBytes)
    sealedFrames -= min(frames, sealedFrames)
    reader.release([name])
    dedupReader.release(name)
    droppedFiles.append(name)
    return true
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
}

// MARK: Telling

extension LogCore {
  package func overview() -> LogOverview {
    let last = Holder(kind: .wal, index: state.segments.count - 1)
    var segments = state.holders.map { holder in
      let segment = state[holder]
      return overview(
        of: segment,
        state: segment.damage != nil ? .damaged : holder == last ? .active : .sealed,
        keptBecause: dropReason(holder)?.description
          ?? "remembered for the duplicate check until it is compacted")
    }
    if case .ready(let file) = preparation {
      segments.append(
        SegmentOverview(
          id: active.id + 1, file: file.name, state: .prepared, keptBecause: "the next segment"))
    }
    segments += state.spent.compactMap { spent in
      let reason = dropReason(spent)?.description
      return overview(of: spent, keptBecause: "compacted; \(reason ?? "it goes")")
    }
    return LogOverview(
      directory: disk.path, segments: segments, bytesOnDisk: bytesOnDisk, damage: state.damage)
  }

  /// nil for a file that is no segment.
  private func overview(of spent: SpentFile, keptBecause: String?) -> SegmentOverview? {
    if case .dedup = spent.file { return nil }
    return SegmentOverview(
      id: spent.file.id, file: spent.file.name, state: .sealed, frames: spent.frames,
      messages: spent.messages,
      storedBytes: spent.end.subtractingCapped(FormatLimits.firstFrameOffset),
      keptBecause: keptBecause)
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
