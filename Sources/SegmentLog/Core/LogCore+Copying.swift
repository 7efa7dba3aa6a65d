// Compaction: what lives in mostly dead segments is copied by a job, off the writer's thread, and put
// in force by a record in the log.
extension LogCore {
  /// Which segments are worth compacting, and why the others are not. `isCommand`: messages that may
  /// end soon are no reason to wait.
  package func compactionPlan(isCommand: Bool, nowMs: UInt64) -> CompactionPlan {
    var rules = CompactionPlan.Rules()
    rules.isUnderPressure = isShortOfSpace || space.isMostlyFull
    return CompactionPlan(
      state.holders.map { candidate($0, isCommand: isCommand, nowMs: nowMs) }, rules)
  }

  private func candidate(
    _ holder: Holder, isCommand: Bool, nowMs: UInt64
  ) -> CompactionPlan.Candidate {
    let segment = state[holder]
    var candidate = CompactionPlan.Candidate(input: segment.asInput, file: segment.file)
    candidate.isActive = holder.kind == .wal && holder.index == state.segments.count - 1
    candidate.problem = segment.damage.map { "damaged: \($0)" } ?? copying.refused[segment.asInput]
    if candidate.problem == nil, !state.damage.isEmpty {
      candidate.problem = "the log is damaged, and that is not accepted"
    }
    candidate.live = segment.liveCount
    candidate.messages = segment.messages
    candidate.rawBytes = segment.rawBytes
    candidate.storedBytes = segment.end - FormatLimits.firstFrameOffset
    if segment.count > 0 { candidate.sequences = segment.first..<segment.next }
    if let last = segment.lastAtMs, last.addingCapped(options.dedupWindowMs) > nowMs,
      segment.endingKinds.contains(where: { $0.kind == .delivered }), !isShortOfSpace
    {
      candidate.remembered = UInt64(segment.ended(from: state.dedupFloor))
    }
    candidate.hasNotes = checkpoints.kept.first?.needs[segment.logFile] == .note
    if !isCommand, let before = copying.liveAtPlan[segment.logFile] {
      candidate.isChanging = before > segment.liveCount + before / 16
    }
    return candidate
  }

  /// A compaction to run off the writer's thread; nil when nothing is worth one. To be asked between
  /// two frames. Every job that is given out must come back by `compacted`, before `seal`.
  package func compactionWanted(nowMs: UInt64) -> CompactionJob? {
    guard failure == nil, !isSealed, !copying.isRunning, state.damage.isEmpty else { return nil }
    if compaction != nil { return nextOfCommand(nowMs: nowMs) }
    if let notBefore = copying.notBeforeMs {
      guard notBefore <= nowMs || notBefore > nowMs.addingCapped(Copying.retryMs) else {
        return nil
      }
      copying.notBeforeMs = nil
    }
    guard copying.mayPlan || copying.planDueAtMs.map({ $0 <= nowMs }) ?? false else { return nil }
    copying.mayPlan = false
    copying.planDueAtMs = nil
    let plan = compactionPlan(isCommand: false, nowMs: nowMs)
    noteLive(after: plan, nowMs: nowMs)
    // One that can't be made must not starve those behind it.
    for inputs in plan.jobs {
      if let job = job(inputs, isUrgent: false, nowMs: nowMs) { return job }
    }
    return nil
  }

  private func noteLive(after plan: CompactionPlan, nowMs: UInt64) {
    copying.liveAtPlan = [:]
    for holder in state.holders {
      copying.liveAtPlan[state[holder].logFile] = state[holder].liveCount
    }
    if plan.waits { copying.planDueAtMs = nowMs.addingCapped(Copying.changingMs) }
  }

  private func nextOfCommand(nowMs: UInt64) -> CompactionJob? {
    while let inputs = compaction?.jobs.popLast() {
      if let job = job(inputs, isUrgent: true, nowMs: nowMs) { return job }
    }
    return nil
  }

  /// nil when none of the inputs stands any more.
  private func job(
    _ inputs: [CompactionRecord.Input], isUrgent: Bool, nowMs: UInt64
  ) -> CompactionJob? {
    let wanted = Set(inputs)
    let standing = state.holders.map { state[$0] }
    // All that was planned and stands still: what is worth it is for the plan to say.
    let chosen = standing.filter { wanted.contains($0.asInput) }
    let others = standing.filter { !wanted.contains($0.asInput) }
    guard !chosen.isEmpty else { return nil }
    var origins: [UInt32: String] = [:]
    for destination in chosen.flatMap(\.destinations) {
      origins[destination.id] = state.destinations.origin(destination.id)
    }
    copying.inputs = Set(chosen.map(\.logFile))
    return CompactionJob(
      inputs: chosen,
      others: StandingSegments(
        wal: others.filter { $0.kind == .wal }, cold: others.filter { $0.kind == .cold }),
      attempts: state.attempts, origins: origins, store: store, coldID: state.counters.nextCold,
      dedupID: state.counters.nextDedup, salt: salts.next(), nowMs: nowMs,
      dedupFloor: state.dedupFloor, dedupWindowMs: isShortOfSpace ? 0 : options.dedupWindowMs,
      isUrgent: isUrgent)
  }

  /// What became of a job. Its output comes into force by a record of its own frame.
  package func compacted(_ result: CompactionResult, nowMs: UInt64) throws(LogFailure) {
    copying.inputs = []
    for refused in result.refused {
      copying.refused[refused.input] = refused.reason
      compaction?.problems.append(refused.description)
    }
    switch result.outcome {
    case .success(let output):
      if let output { try putInForce(output, nowMs: nowMs) }
    case .failure(.namesUnknown(let error)):
      throw stop("compacting", error)
    case .failure(let error): failed(error.description, nowMs: nowMs)
    }
    guard failure == nil, !isSealed else { return }
    reviewFiles(nowMs: nowMs)
    try goOnCompacting(nowMs: nowMs)
  }

  private func putInForce(_ output: CompactionOutput, nowMs: UInt64) throws(LogFailure) {
    if let failure { throw failure }
    guard !isSealed, state.isComplete(output) else {
      discard(output)
      let reason = "its copy lacks messages that live in it"
      for input in output.record.inputs { copying.refused[input] = reason }
      return failed("the output lacks messages that live in its inputs", nowMs: nowMs)
    }
    if !staging.isEmpty, try commit(nowMs: nowMs) == .noSpace {
      return giveUp(output, nowMs: nowMs)
    }
    encoder.append(output.record)
    staging.append(output)
    if try commit(nowMs: nowMs) == .noSpace { giveUp(output, nowMs: nowMs) }
  }

  private func giveUp(_ output: CompactionOutput, nowMs: UInt64) {
    discard(output)
    failed("no room for the record that puts the output in force", nowMs: nowMs)
  }

  /// The inputs stay in force, and it is tried again after a while.
  private func failed(_ reason: String, nowMs: UInt64) {
    compaction?.problems.append(reason)
    copying.notBeforeMs = nowMs.addingCapped(Copying.retryMs)
  }

  /// No record says anything of them. What can't be unlinked is an orphan, and goes at the next start.
  private func discard(_ output: CompactionOutput) {
    if let id = output.record.cold {
      try? disk.unlink(FileNames.cold(id))
      state.counters.nextCold = max(state.counters.nextCold, id + 1)
    }
    if let id = output.record.dedup {
      try? disk.unlink(FileNames.dedup(id))
      state.counters.nextDedup = max(state.counters.nextDedup, id + 1)
    }
  }

  /// When there is something to plan; nil: nothing.
  func planDueMs(nowMs: UInt64) -> UInt64? {
    guard !copying.isRunning, state.damage.isEmpty, compaction == nil else { return nil }
    let due = copying.mayPlan ? nowMs : copying.planDueAtMs
    return due.map { max($0, min(copying.notBeforeMs ?? 0, nowMs.addingCapped(Copying.retryMs))) }
  }
}
