extension LogCore {
  /// Writes the staged frame, syncs it, and applies it to the state.
  ///
  /// A write that fails (or falls short) is repeated once, in the next segment, whose header voids
  /// whatever the first one left. A failed sync is never repeated: the kernel may have dropped what
  /// it could not write, and the next sync would report success.
  package func commit(nowMs: UInt64) throws(LogFailure) -> CommitResult {
    if let failure { throw failure }
    precondition(!isSealed)
    let committedAtMs = max(nowMs, state.lastCommittedAtMs)
    if staging.isEmpty {
      return .durable(
        Commit(committedAtMs: committedAtMs, firstSequence: state.nextSequence, count: 0))
    }
    try checkNamesNowAndThen(nowMs: nowMs)
    var length = layOut(committedAtMs)
    if !active.hasRoom(for: length) || hasForeignNumber {
      guard try rotate(room: UInt64(length) + roomForDefinitions, nowMs: nowMs) else {
        forgetStaged()
        return .noSpace
      }
      length = layOut(committedAtMs)
    }
    writing: while true {
      switch try writeFrame() {
      case .written: break writing
      case .noSpace:
        // Nothing of the frame was written, so it can be given again later.
        forgetStaged()
        lookAtSpace(nowMs: nowMs)
        return .noSpace
      case .failed: break
      }
      // The frame must not be answered for as refused: its bytes may stand there, valid.
      let moved = try rotate(room: UInt64(length) + roomForDefinitions, nowMs: nowMs)
      precondition(moved, "after a failed write there is a new segment or the log stops")
      length = layOut(committedAtMs)
    }
    try syncActive("committing a frame")
    failedWrites = 0
    return .durable(apply(length: length, committedAtMs: committedAtMs, nowMs: nowMs))
  }

  /// Tells the encoder of the destinations that the active segment does not define, and encodes.
  private func layOut(_ committedAtMs: UInt64) -> Int {
    for id in staging.destinations where !staging.defined.contains(id) {
      guard state.segments[state.segments.count - 1].place(ofDestination: id) == nil else {
        continue
      }
      guard let origin = state.destinations.origin(id) else {
        preconditionFailure("a staged destination is held")
      }
      encoder.define(destination: id, origin: origin)
      staging.defined.insert(id)
    }
    return encoder.encode(
      salt: active.header.salt, frameNumber: nextFrameNumber, committedAtMs: committedAtMs)
  }

  /// In a new segment every destination is defined again.
  private var roomForDefinitions: UInt64 {
    UInt64(staging.destinations.count * (FormatLimits.destinationMax + 16))
  }

  /// A number that frames of the last run brought along means another destination here.
  private var hasForeignNumber: Bool {
    guard active.hasForeignFrames else { return false }
    let segment = state.segments[state.segments.count - 1]
    return staging.destinations.contains { id in
      guard let place = segment.place(ofDestination: id) else { return false }
      return segment.destinations[Int(place)].id != id
    }
  }

  private enum Written { case written, failed, noSpace }

  /// A second failed or short write in a row stops the log. Where overwriting takes new room there may be
  /// none, which is no failure.
  private func writeFrame() throws(LogFailure) -> Written {
    let error: DiskError?
    do throws(DiskError) {
      let file = active.file
      let offset = active.offset
      error = try encoder.withFrame(syncedUpTo: offset) { (bytes) throws(DiskError) in
        let written = try file.write(bytes, at: offset)
        return written == bytes.count
          ? nil : DiskError(operation: .write, file: file.name, code: DiskError.shortWrite)
      }
    } catch let failed {
      error = failed
    }
    guard let error else { return .written }
    if error.isNoSpace && failedWrites == 0 && isUntouched { return .noSpace }
    failedWrites += 1
    if failedWrites > 1 {
      throw stop(
        "writing a frame for the second time", error, file: FileNames.segment(active.id))
    }
    return .failed
  }

  /// Whether nothing of a frame stands where the next one goes: what is written in part begins there.
  private var isUntouched: Bool {
    var head = [UInt8](repeating: 1, count: FrameHead.size)
    let (file, offset) = (active.file, active.offset)
    let count = try? head.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: offset)
    }
    return count.map { head[..<$0].allSatisfy { $0 == 0 } } ?? false
  }

  func syncActive(_ doing: String) throws(LogFailure) {
    do throws(DiskError) { try active.file.sync() } catch {
      throw stop(doing, error, file: FileNames.segment(active.id))
    }
  }

  /// The frame is durable.
  private func apply(length: Int, committedAtMs: UInt64, nowMs: UInt64) -> Commit {
    let frameOffset = active.offset
    let last = state.segments.count - 1
    let firstSequence = state.nextSequence
    state.advance(committedAtMs: committedAtMs)
    for id in staging.destinations where state.segments[last].place(ofDestination: id) == nil {
      state.define(number: id, id: id)
    }
    if !staging.messages.isEmpty {
      state.segments[last].mark(offset: frameOffset, sequence: firstSequence)
    }
    for message in staging.messages {
      guard let place = state.segments[last].place(ofDestination: message.destination) else {
        preconditionFailure("a message's destination was not defined")
      }
      state.apply(
        messageKey: message.key, contentHash: message.contentHash, acceptedAtMs: committedAtMs,
        place: place, collect: true)
      state.segments[last].rawBytes += UInt64(message.payloadLength)
    }
    let note = NotePlace(segment: active.id, frameOffset: frameOffset)
    for attempt in staging.attempts {
      state.apply(
        attempt: attempt.record, committedAtMs: committedAtMs,
        note: attempt.hasNote ? note : nil)
    }
    for outcome in staging.outcomes {
      state.apply(outcome: outcome.record, note: outcome.hasNote ? note : nil)
    }
    for control in staging.controls { state.apply(control: control) }
    if let output = staging.compaction { apply(output) }
    let count = staging.messages.count
    state.segments[state.segments.count - 1].records += UInt64(count + staging.changeCount)
    checkpoints.wrote(bytes: length, records: count + staging.changeCount, nowMs: nowMs)
    advance(by: length, committedAtMs: committedAtMs, nowMs: nowMs)
    active.isUnproven = true
    forgetStaged()
    return Commit(committedAtMs: committedAtMs, firstSequence: firstSequence, count: count)
  }

  /// The output's files count from here on; the inputs do until they are dropped.
  private func apply(_ output: CompactionOutput) {
    state.apply(output)
    let bytes = (output.cold?.fileBytes ?? 0) + (output.dedup?.fileSize ?? 0)
    sealedBytes += bytes
    compactedBytes += bytes
    sealedFrames += output.cold?.frames ?? 0
  }

  /// The encoder's frame stands at `active.offset` and is synced.
  func advance(by length: Int, committedAtMs: UInt64, nowMs: UInt64) {
    let last = state.segments.count - 1
    active.lastFrameOffset = active.offset
    active.offset += UInt64(length)
    active.lastFrameCRC = encoder.headCRC
    active.lastWriteAtMs = nowMs
    nextFrameNumber += 1
    loggedBytes += UInt64(length)
    state.segments[last].end = active.offset
    state.segments[last].fileBytes = max(state.segments[last].fileBytes, active.offset)
    state.segments[last].frames += 1
    state.segments[last].sawFrame(committedAtMs: committedAtMs)
  }

  private func forgetStaged() {
    for id in staging.destinations { state.destinations.release(id) }
    staging.removeAll()
    encoder.begin(baseSequence: state.nextSequence)
  }
}
