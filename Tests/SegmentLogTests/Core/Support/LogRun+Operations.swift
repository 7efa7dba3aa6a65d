import Glibc

@testable import SegmentLog

extension LogRun {
  // MARK: Messages

  mutating func record(uuid: Int) -> NewRecord {
    var mixed = SplitMix64(seed: UInt64(uuid))
    let key =
      hasCollisions
      ? UUIDKey(high: UInt64(uuid), low: UInt64(uuid % 3))
      : UUIDKey(high: mixed.next(), low: mixed.next())
    let length =
      switch int(1...100) {
      case ...5: 0
      case ...92: int(1...300)
      case ...98: int(1000...6000)
      default: int(20_000...40_000)
      }
    let noise = chance(30)
    let starts: [RecordStart] = [.delay(5000), .notBefore(1_700_000_500_000), .atOnce, .atOnce]
    return NewRecord(
      uuid: uuid % 2 == 0 ? PackedUUID(high: 5, low: UInt64(uuid)).ascii : Array("m-\(uuid)".utf8),
      key: key, contentHash: UInt64(uuid), destination: "http://host-\(int(1...4)):80",
      start: starts[int(0...3)], maxAgeMs: chance(20) ? 1000 : nil,
      maxAttempts: chance(20) ? 7 : nil,
      payload: (0..<length).map { noise ? UInt8(truncatingIfNeeded: int(0...255)) : UInt8($0 & 15) }
    )
  }

  mutating func enqueue() throws {
    guard var core else { return }
    var batch: [(uuid: Int, record: NewRecord)] = []
    for _ in 0..<(chance(70) ? 1 : int(2...6)) {
      let known = model.messages.values.map(\.uuid).max() ?? 0
      let uuid = chance(25) ? int(1...max(known, 1)) : known + int(1...9)
      batch.append((uuid, record(uuid: uuid)))
      // The same UUID with other content.
      if chance(4) { batch[batch.count - 1].record.contentHash += 1 }
    }
    var staged = core.stage(batch.map(\.record), nowMs: nowMs)
    if staged == .frameFull {
      try commit()
      guard let current = self.core, frame.isEmpty else { return }
      core = current
      staged = core.stage(batch.map(\.record), nowMs: nowMs)
    }
    if case .refused(.diskFull) = staged, core.isShortOfSpace { return }
    let expected = expectation(for: batch, core)
    guard staged == expected || mayMissTwins else {
      throw fail("staged \(staged), not \(expected)")
    }
    guard case .taken(let admissions, _) = staged else { return }
    for (message, admission) in zip(batch, admissions) {
      if case .stored(let sequence) = admission,
        sequence == model.nextSequence + UInt64(frame.messages.count)
      {
        frame.messages.append(message)
      }
    }
  }

  private func expectation(
    for batch: [(uuid: Int, record: NewRecord)], _ core: LogCore
  ) -> Staged {
    var admissions: [LogAdmission] = []
    var conflicts: [Int] = []
    var needsCommit = false
    var taken = frame.messages
    for (index, message) in batch.enumerated() {
      if let twin = taken.lastIndex(where: { $0.uuid == message.uuid }) {
        needsCommit = true
        let same = taken[twin].record.contentHash == message.record.contentHash
        if same {
          admissions.append(.duplicate(model.nextSequence + UInt64(twin)))
        } else {
          conflicts.append(index)
        }
      } else if let twin = durableTwin(message.uuid, core) {
        let same =
          model.messages[twin]?.record.contentHash == message.record.contentHash
        if same { admissions.append(.duplicate(twin)) } else { conflicts.append(index) }
      } else {
        needsCommit = true
        admissions.append(.stored(model.nextSequence + UInt64(taken.count)))
        taken.append(message)
      }
    }
    return conflicts.isEmpty ? .taken(admissions, needsCommit: needsCommit) : .conflict(conflicts)
  }

  private func durableTwin(_ uuid: Int, _ core: LogCore) -> Sequence? {
    guard let newest = model.newest(uuid, where: core.remembers),
      let message = model.messages[newest]
    else { return nil }
    switch message.state {
    case .pending: return newest
    case .delivered:
      let age = max(nowMs, core.state.lastCommittedAtMs) - message.acceptedAtMs
      return age < options.dedupWindowMs ? newest : nil
    case .dead, .cancelled: return nil
    }
  }

  // MARK: Changes

  mutating func change() throws {
    guard var core, model.nextSequence > 1 else { return }
    let live = model.messages.filter(\.value.isLive).keys.sorted()
    var changes: [StateChange] = []
    for _ in 0..<int(1...4) {
      let sequence =
        chance(90) && !live.isEmpty
        ? live[int(0...(live.count - 1))] : UInt64(int(1...Int(model.nextSequence) + 3))
      changes.append(randomChange(sequence))
    }
    var staged = core.stage(changes)
    if staged == .frameFull {
      try commit()
      guard let current = self.core, frame.isEmpty else { return }
      core = current
      staged = core.stage(changes)
    }
    if case .refused(.diskFull) = staged, core.isShortOfSpace { return }
    guard case .taken(let count, let refused, _) = staged else { throw fail("staged \(staged)") }
    for (index, change) in changes.prefix(count).enumerated() {
      let isRefused = !take(change)
      guard isRefused == refused.contains(index) else {
        throw fail("change \(change) refused: \(!isRefused)")
      }
    }
  }

  private mutating func randomChange(_ sequence: Sequence) -> StateChange {
    let attempts = (model.messages[sequence]?.attempts ?? 0) + 1
    let errors = ["", "connection refused", "zeitüberschreitung nach 10 s"]
    switch int(1...10) {
    case ...4:
      return .attempt(
        AttemptRecord(
          sequence: sequence, count: chance(90) || attempts < 3 ? attempts : attempts - 2,
          delayMs: UInt32(int(0...20_000)), status: UInt16(int(400...503)),
          error: errors[int(0...2)]))
    case ...8:
      return .outcome(
        OutcomeRecord(sequence: sequence, kind: .delivered, attempts: attempts, status: 200))
    case 9:
      return .outcome(
        OutcomeRecord(
          sequence: sequence, kind: .dead, attempts: attempts, status: 410,
          error: errors[int(0...2)]))
    default:
      return .outcome(
        OutcomeRecord(sequence: sequence, kind: .cancelled, attempts: attempts - 1, status: 0))
    }
  }

  /// False when the log has to refuse it.
  private mutating func take(_ change: StateChange) -> Bool {
    guard let message = model.messages[change.sequence],
      !frame.outcomes.contains(where: { $0.sequence == change.sequence })
    else { return false }
    switch change {
    case .attempt(let record):
      guard message.state == .pending else { return false }
      let staged = frame.attempts.filter { $0.sequence == record.sequence }.map(\.count).max()
      if let staged, record.count <= staged { return true }
      if staged == nil, message.attempts > record.count { return true }
      frame.attempts.removeAll { $0.sequence == record.sequence }
      frame.attempts.append(record)
    case .outcome(let record):
      guard message.state == .pending || (message.state == .dead && record.kind == .cancelled)
      else { return false }
      frame.outcomes.append(record)
    }
    return true
  }

  // MARK: Committing

  mutating func commit() throws {
    guard let core else { return }
    let staged = frame
    let at = max(nowMs, core.state.lastCommittedAtMs)
    let after = model.applying(staged, at: at)
    let result: CommitResult
    do throws(LogFailure) { result = try core.commit(nowMs: nowMs) } catch {
      if !staged.isEmpty { possible = after }
      return try died(error)
    }
    guard case .durable(let commit) = result else {
      frame = LogModel.Frame()
      return
    }
    guard commit.committedAtMs >= lastCommitMs else { throw fail("time goes back") }
    if !staged.isEmpty { lastCommitMs = commit.committedAtMs }
    guard commit.count == staged.messages.count, commit.firstSequence == model.nextSequence else {
      throw fail("\(commit) for \(staged.messages.count) messages")
    }
    model = after
    frame = LogModel.Frame()
    if chance(10) { try check("after a commit") }
  }

  mutating func tick() throws {
    guard let core else { return }
    if frame.isEmpty, chance(50) { nowMs += 1200 }
    do throws(LogFailure) { try core.tick(nowMs: nowMs) } catch {
      return try died(error)
    }
  }

  mutating func prepare() throws {
    guard let core else { return }
    if job != nil { return try deliverJob() }
    guard let wanted = core.preparationWanted(nowMs: nowMs) else { return }
    job = wanted.run(on: disk)
    if chance(60) { try deliverJob() }
  }

  mutating func deliverJob() throws {
    guard let core, let result = job else { return }
    core.prepared(result, nowMs: nowMs)
    job = nil
  }

  /// Begins one, or tells the log of the one that was written meanwhile.
  mutating func writeCheckpoint() throws {
    guard let core else { return }
    if checkpoint != nil { return try deliverCheckpoint() }
    if chance(30) { nowMs += 1200 }
    guard let wanted = core.checkpointWanted(nowMs: nowMs) else { return }
    checkpoint = wanted.run(on: disk)
    if chance(60) { try deliverCheckpoint() }
  }

  mutating func deliverCheckpoint() throws {
    guard let core, let result = checkpoint else { return }
    checkpoint = nil
    do throws(LogFailure) { try core.checkpointed(result, nowMs: nowMs) } catch {
      return try died(error)
    }
  }

  /// Begins a compaction, or tells the log of the one that ran meanwhile.
  mutating func copyForward() throws {
    guard let core else { return }
    if copied != nil { return try deliverCopied() }
    if chance(50) { nowMs += 6000 }
    guard let wanted = core.compactionWanted(nowMs: nowMs) else { return }
    copied = wanted.run(on: disk, pacer: Unpaced())
    if chance(50) { try deliverCopied() }
  }

  mutating func deliverCopied() throws {
    guard let first = core, copied != nil else { return }
    // The log commits what is staged before it.
    try commit()
    guard let core, core === first, let result = copied else { return }
    copied = nil
    do throws(LogFailure) { try core.compacted(result, nowMs: nowMs) } catch {
      return try died(error)
    }
    if chance(isScript ? 0 : 30) { try check("after copying forward") }
  }

  mutating func compact() throws {
    guard copied == nil else { return try deliverCopied() }
    guard checkpoint == nil, let core else { return try deliverCheckpoint() }
    try commit()
    guard core === self.core, core.failure == nil else { return }
    do throws(LogFailure) { _ = try core.compact(nowMs: nowMs) } catch {
      return try died(error)
    }
    try check("after a compaction")
  }

  // MARK: The world

  /// One of two good checkpoints is lost, cut or has a bit flipped: the other one will do.
  mutating func damageCheckpoint() throws {
    guard chance(20), !disk.isStopped else { return }
    // Only what the log counted on: one that it had unlinked and that came back with a power cut may
    // need files that are gone.
    let good = keptCheckpoints.filter { (try? CheckpointReader.read($0, on: disk)) != nil }
    guard good.count == 2, let victim = good.randomElement(using: &random) else { return }
    let name = FileNames.checkpoint(victim)
    guard let bytes = disk.contents(name) else { return }
    switch int(0...2) {
    case 0: disk.flip(name, bit: int(0...(bytes.count * 8 - 1)))
    case 1: disk.put(name, Array(bytes[..<int(0...(bytes.count - 1))]))
    default: disk.remove(name)
    }
  }

  /// Without any checkpoint nothing that lives is lost; and when nothing is reported, all is as it was,
  /// but that messages come back where that is said.
  mutating func startWithoutCheckpoints() throws {
    let copy = disk.clone(seed: random.next())
    copy.crash(keeping: .everything)
    copy.setCapacity(.max)
    for number in CheckpointReader.numbers(in: (try? copy.list()) ?? []) {
      let name = FileNames.checkpoint(number)
      if chance(50) || copy.contents(name)?.count ?? 0 < 100 {
        copy.remove(name)
      } else {
        copy.flip(name, bit: 700)
      }
    }
    options.saltSeed = random.next()
    do {
      let (again, report) = try LogCore.open(disk: copy, options: options, nowMs: nowMs)
      let check = LogCheck(core: again, model: model, disk: copy)
      let isWhole = report.damage.isEmpty && report.repeated == 0 && !report.forgetsAttempts
      let difference = isWhole ? check.difference() : check.loss()
      if let difference { throw fail("without checkpoints: \(difference); \(report.damage)") }
    } catch let error as LogError {
      throw fail("without checkpoints: \(error)")
    }
  }

  mutating func jumpClock() {
    let year = 365 * 86_400_000
    switch int(0...9) {
    case ...3: nowMs += UInt64(int(0...60_000))
    case ...5: nowMs += UInt64(int(0...40_000_000))
    case ...7: nowMs = nowMs.subtractingCapped(UInt64(int(0...4_000_000)))
    case 8: nowMs += UInt64(int(year...20 * year))
    default: nowMs = nowMs.subtractingCapped(UInt64(int(year...20 * year)))
    }
  }

  mutating func limitSpace() { disk.setCapacity(chance(50) ? .max : UInt64(int(30...160) << 10)) }

  mutating func injectFault() {
    switch int(0...9) {
    case 0: disk.inject(.shortWrite(nth: int(1...2), bytes: int(0...700)))
    case 1:
      disk.inject(SimFault(.write, nth: int(1...3), code: EIO, effect: .partial(int(0...700))))
    case 2: disk.inject(SimFault(.write, nth: int(1...2), code: EIO, effect: .complete))
    case 3:
      disk.inject(
        SimFault(.sync, nth: int(1...2), code: EIO, effect: chance(50) ? .nothing : .complete))
    case 4:
      disk.inject(SimFault(.syncDirectory, code: EIO, effect: chance(50) ? .nothing : .complete))
    case 5: disk.inject(SimFault(.rename, code: EIO, effect: chance(50) ? .nothing : .complete))
    case 6: disk.inject(SimFault(.unlink, code: EIO))
    case 7: disk.inject(SimFault(.truncate, code: EIO, effect: chance(50) ? .nothing : .complete))
    case 8: disk.inject(SimFault(.open, file: FileNames.next, code: EIO))
    default:
      // The moment of a crash.
      disk.stop(afterChanges: int(0...12))
    }
  }
}
