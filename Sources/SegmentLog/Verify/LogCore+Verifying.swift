// Reading what stands on the disk while the log runs: what can't be read is damage at once.
extension LogCore {
  /// Readers could not read something in these files.
  package func suspect(_ files: [String], nowMs: UInt64) {
    for name in files {
      guard let file = LogFile(name: name), stands(file) else { continue }
      verification.suspect(file, nowMs: nowMs)
    }
  }

  /// A file to read, off the writer's thread; nil when none is due. Every job that is given out must
  /// come back by `verified`, before `seal`.
  package func verificationWanted(nowMs: UInt64) -> VerificationJob? {
    guard failure == nil, !isSealed else { return nil }
    suspect(reader.takeSuspects(), nowMs: nowMs)
    while let (file, isUrgent) = verification.next(nowMs: nowMs, standing: filesToVerify) {
      if let target = target(file) {
        return VerificationJob(
          target: target, store: store, known: state.damage.filter { $0.file == file.name },
          isUrgent: isUrgent, bytesPerSecond: verification.rate)
      }
      verification.skipped()
    }
    return nil
  }

  func verificationDueMs(nowMs: UInt64) -> UInt64? {
    reader.hasSuspects ? nowMs : verification.dueMs(nowMs: nowMs)
  }

  /// Everything but the active segment, which is read when it isn't any more.
  private func filesToVerify() -> [(file: LogFile, bytes: UInt64)] {
    (state.segments.dropLast() + state.cold).map { ($0.logFile, $0.end) }
      + state.dedups.map { (.dedup($0.id), $0.fileSize) }
  }

  private func holder(_ file: LogFile) -> Holder? {
    switch file {
    case .wal(let id):
      state.segments.firstIndex { $0.id == id }.map { Holder(kind: .wal, index: $0) }
    case .cold(let id):
      state.cold.firstIndex { $0.id == id }.map { Holder(kind: .cold, index: $0) }
    case .dedup: nil
    }
  }

  private func stands(_ file: LogFile) -> Bool { target(file) != nil }

  private func target(_ file: LogFile) -> VerificationJob.Target? {
    if case .dedup(let id) = file {
      return state.dedups.first { $0.id == id }.map { .dedup($0) }
    }
    // Of one whose header could not be read at the start nothing is known to compare with.
    return holder(file).flatMap { state[$0].salt == 0 ? nil : .segment(state[$0]) }
  }

  /// What became of a job: damage that nobody knew of, and what a person may want to know besides. It
  /// is treated as a start treats it, but for the messages: they wait on, as unreadable.
  package func verified(_ result: VerificationResult, isUrgent: Bool, nowMs: UInt64) -> LogNews {
    guard case .verified(let found) = result.outcome, stands(result.file) else {
      verification.ended(bytes: 0, isUrgent: isUrgent, nowMs: nowMs)
      guard case .failed(let error) = result.outcome, stands(result.file) else { return LogNews() }
      return LogNews(notes: ["\(result.file.name) could not be verified: \(error)"])
    }
    verification.ended(bytes: found.bytes, isUrgent: isUrgent, nowMs: nowMs)
    var news = LogNews(notes: found.notes)
    guard let holder = holder(result.file) else { return news }
    for mark in found.marks {
      state[holder].insertMark(offset: mark.offset, sequence: mark.sequence)
    }
    // What ended or was moved meanwhile is no concern.
    for sequence in found.unreadable
    where state.holder(of: sequence) == holder && state[holder].isLive(sequence) {
      state.unreadable.insert(sequence)
    }
    for var damage in found.damage where !state.damage.contains(where: { $0.covers(damage) }) {
      state.countEnded(in: &damage)
      state.damage.append(damage)
      state[holder].damage = damage.reason
      news.damage.append(damage)
    }
    guard !news.damage.isEmpty else { return news }
    recovered.damage += news.damage
    if options.onDamage != .proceed {
      readOnlyReason = state.damage.map(\.description).joined(separator: "; ")
    }
    checkpoints.learned(nowMs: nowMs)
    reviewFiles(nowMs: nowMs)
    return news
  }
}

/// What a running log found out and people should hear.
package struct LogNews: Sendable, Equatable {
  package var damage: [Damage] = []
  package var notes: [String] = []
  package init(damage: [Damage] = [], notes: [String] = []) {
    self.damage = damage
    self.notes = notes
  }
  package var isEmpty: Bool { damage.isEmpty && notes.isEmpty }
}

extension LogState {
  /// How many of the messages that stood in the damage had ended.
  func countEnded(in damage: inout Damage) {
    // That of bodies says it already.
    guard let lost = damage.lost, damage.ended == 0 else { return }
    damage.ended =
      cold.first { $0.file == damage.file }.map { $0.countNotLive(in: lost) }
      ?? countNotLive(in: lost)
    // Numbers in between never stood there.
    if damage.ended > lost.upperBound - lost.lowerBound {
      damage.ended = lost.upperBound - lost.lowerBound + 1
    }
  }

  private func countNotLive(in stretch: ClosedRange<Sequence>) -> UInt64 {
    var live: UInt64 = 0
    for segment in segments {
      let end = segment.firstIndex(from: stretch.upperBound.addingCapped(1))
      for index in segment.firstIndex(from: stretch.lowerBound)..<end
      where segment.isLive(at: index) {
        live += 1
      }
    }
    return (stretch.upperBound - stretch.lowerBound).addingCapped(1).subtractingCapped(live)
  }
}

extension SegmentState {
  fileprivate func countNotLive(in stretch: ClosedRange<Sequence>) -> UInt64 {
    let end = firstIndex(from: stretch.upperBound.addingCapped(1))
    let live = (firstIndex(from: stretch.lowerBound)..<end).count { isLive(at: $0) }
    return (stretch.upperBound - stretch.lowerBound).addingCapped(1).subtractingCapped(UInt64(live))
  }
}
