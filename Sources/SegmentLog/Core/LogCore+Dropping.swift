extension LogCore {
  /// Of the `first` oldest segments, all of them as a rule.
  func dropReasons(first count: Int = .max) -> [String?] {
    let last = state.segments.count - 1
    return DropRule.reasons(
      state.segments.prefix(count).enumerated().map { index, segment in
        DropRule.Candidate(
          id: segment.id, isActive: index == last, isDamaged: segment.damage != nil,
          live: segment.liveCount, dead: segment.parkedCount)
      })
  }

  /// Until when the oldest segment stays by itself though the rule would let it go; nil = not at all.
  ///
  /// The duplicate check confirms what it remembers in the log, so a start that dropped everything
  /// at once would forget the messages of the last run. What it costs is bounded: the newest sealed
  /// segments stay, as long as they take no more than one segment in all.
  func rememberedUntilMs() -> UInt64? {
    let segment = state.segments[0]
    guard !isShortOfSpace, segment.messages > 0, let lastAtMs = segment.lastAtMs else { return nil }
    return sealedBytes <= options.segmentSize ? lastAtMs.addingCapped(options.dedupWindowMs) : nil
  }

  /// Unlinks what the rule lets go, oldest first; returns what went. With `keepRemembered` what only
  /// the duplicate check needs stays.
  ///
  /// The directory is synced after each, so that a power cut never leaves an older one standing
  /// where a younger one is gone.
  func dropFinished(
    keepRemembered: Bool, nowMs: UInt64
  ) throws(LogFailure) -> [SegmentOverview] {
    var removed: [SegmentOverview] = []
    dropRetryAtMs = nil
    for case nil in dropReasons() {
      if keepRemembered, let until = rememberedUntilMs(), until > nowMs { break }
      let segment = state.segments[0]
      do throws(DiskError) {
        try disk.unlink(segment.file)
      } catch {
        dropRetryAtMs = nowMs.addingCapped(Upkeep.dropRetryMs)
        return removed
      }
      do throws(DiskError) { try disk.syncDirectory() } catch {
        throw stop("dropping \(segment.file)", error)
      }
      removed.append(overview(of: segment, state: .sealed, keptBecause: nil))
      sealedBytes -= segment.fileBytes
      sealedFrames -= segment.frames
      state.removeFirstSegment()
      reader.release(segmentsBelow: state.segments[0].id)
    }
    return removed
  }

  /// Drops what can be dropped, and says what stays and why. A finished active segment is left for a
  /// new one first, when one stands ready.
  package func compact(nowMs: UInt64) throws(LogFailure) -> CompactionReport {
    if let failure { throw failure }
    let before = bytesOnDisk
    let segment = state.segments[state.segments.count - 1]
    if segment.messages > 0, segment.liveCount == 0, staging.isEmpty, preparation.isReady {
      _ = try rotate(room: 0, nowMs: nowMs)
    }
    let removed = try dropFinished(keepRemembered: false, nowMs: nowMs)
    return CompactionReport(
      removed: removed, kept: overview().segments, bytesBefore: before, bytesAfter: bytesOnDisk)
  }

  var bytesOnDisk: UInt64 {
    var bytes = sealedBytes + state.segments[state.segments.count - 1].fileBytes
    if case .ready(let file) = preparation { bytes += file.size }
    return bytes + reserve.bytes
  }

  package func overview() -> LogOverview {
    let last = state.segments.count - 1
    var segments = zip(state.segments, dropReasons()).enumerated().map { index, pair in
      overview(
        of: pair.0, state: pair.0.damage != nil ? .damaged : index == last ? .active : .sealed,
        keptBecause: pair.1 ?? "remembered for the duplicate check until it is compacted")
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
