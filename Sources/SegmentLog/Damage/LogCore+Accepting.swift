/// Why damage could not be accepted. Nothing is half accepted: it is damage until it is accepted.
package enum AcceptError: Error, Sendable, Equatable {
  /// The log stopped.
  case log(LogFailure)
  /// `accepted-damage` could not be written.
  case disk(DiskError)
  case noSpace
}

/// What an operator gave up.
package struct AcceptedLoss: Sendable, Equatable {
  package var damage: [Damage]
  /// Messages that were pending or dead, and are counted as cancelled from here on.
  package var messages: UInt64
}

extension OutcomeRecord {
  /// The status of a cancelled message that was lost to damage.
  package static let lostStatus: UInt16 = .max
}

extension ControlRecord {
  /// So many messages (a varint) whose numbers nobody knows were given up; they count as cancelled.
  static let lostKind: UInt16 = 1

  static func lost(_ count: UInt64) -> ControlRecord {
    var out = ByteWriter(capacity: 10)
    out.append(varint: count)
    return ControlRecord(kind: lostKind, bytes: Array(out.bytes))
  }

  /// nil for every other record.
  var lostCount: UInt64? {
    guard kind == Self.lostKind else { return nil }
    return bytes.withBytes { buffer in
      var input = ByteReader(buffer)
      return try? input.varint()
    }
  }
}

extension LogCore {
  /// The damage that was found stops being news: its messages are recorded as lost, which closes the
  /// accounting, then it is written down as accepted, and new messages are taken.
  ///
  /// A crash in between leaves damage that can be accepted again; no message is counted twice.
  package func acceptDamage(nowMs: UInt64) throws(AcceptError) -> AcceptedLoss {
    if let failure { throw .log(failure) }
    precondition(!isSealed)
    let damage = state.damage
    guard !damage.isEmpty else { return AcceptedLoss(damage: [], messages: 0) }
    try commitOrThrow(nowMs: nowMs)
    let lost =
      state.openLosses(in: Set(damage.map(\.file)))
      + state.unreadable.sorted().filter {
        state.state(of: $0).map { $0 == .pending || $0 == .dead } ?? false
      }
    let unnamed = state.unnamedLosses
    try record(lost, unnamed: unnamed, nowMs: nowMs)
    let messages = UInt64(lost.count).addingCapped(unnamed)
    try writeDown(damage, messages, nowMs: nowMs)
    state.damage = []
    state.missing = StandingFiles()
    state.unreadable = []
    for holder in state.holders { state[holder].damage = nil }
    recovered.acceptedDamage += damage
    recovered.damage = []
    recovered.lost = recovered.lost.addingCapped(messages)
    readOnlyReason = nil
    return AcceptedLoss(damage: damage, messages: messages)
  }

  private func record(
    _ lost: [Sequence], unnamed: UInt64, nowMs: UInt64
  ) throws(AcceptError) {
    for (index, sequence) in lost.enumerated() {
      if index % FrameLimits.changes == 0 { try commitOrThrow(nowMs: nowMs) }
      let outcome = OutcomeRecord(
        sequence: sequence, kind: .cancelled, attempts: 0, status: OutcomeRecord.lostStatus)
      encoder.append(outcome, previousNote: nil)
      staging.append(
        Staging.Outcome(
          record: DirectoryOutcome(
            sequence: sequence, kind: .cancelled, status: OutcomeRecord.lostStatus, attempts: 0),
          hasNote: false))
    }
    if unnamed > 0 {
      let control = ControlRecord.lost(unnamed)
      encoder.append(control)
      staging.append(control)
    }
    try commitOrThrow(nowMs: nowMs)
  }

  private func commitOrThrow(nowMs: UInt64) throws(AcceptError) {
    let result: CommitResult
    do throws(LogFailure) { result = try commit(nowMs: nowMs) } catch { throw .log(error) }
    if result == .noSpace { throw .noSpace }
  }

  private func writeDown(
    _ damage: [Damage], _ messages: UInt64, nowMs: UInt64
  ) throws(AcceptError) {
    // One that can't be read is of no use to anyone and is written anew.
    var accepted = (try? AcceptedDamage.read(from: disk, of: store)) ?? AcceptedDamage(store: store)
    accepted.add(damage, lost: messages, nowMs: nowMs)
    do throws(DiskError) { try accepted.write(to: disk) } catch { throw .disk(error) }
  }
}

extension LogState {
  /// Lost messages that have not ended, of the segments in these files.
  func openLosses(in files: Set<String>) -> [Sequence] {
    var lost: [Sequence] = []
    for segment in segments + cold where segment.count > 0 && files.contains(segment.file) {
      var next = segment.first
      while next < segment.next, let gone = segment.firstEnded(from: next) {
        if segment.ending(of: gone) == nil, state(of: gone) == nil { lost.append(gone) }
        next = gone + 1
      }
    }
    return lost
  }

  /// Messages that have not ended and stand nowhere, as far as is known: what a checkpoint keeps.
  var openOutside: UInt64 {
    let below = liveBelow.subtractingCapped(endedBelow)
    return counters.lostOutside.addingCapped(
      below == 0 ? 0 : below.subtractingCapped(liveInCold(from: 1, to: firstKept)))
  }

  /// Messages that were lost in a segment and neither have ended nor stand elsewhere.
  func openLosses(in segment: SegmentState) -> [Sequence] {
    let lost = segment.lostSequences
    return cold.isEmpty ? lost : lost.filter { state(of: $0) == nil }
  }

  /// Messages that have neither ended nor stand anywhere, and whose numbers aren't known: what is left
  /// of the accounting when all others are taken off.
  var unnamedLosses: UInt64 {
    var open = totals.accepted.subtractingCapped(totals.delivered.addingCapped(totals.cancelled))
    for segment in segments + cold { open = open.subtractingCapped(segment.liveCount) }
    for segment in segments + cold {
      open = open.subtractingCapped(UInt64(openLosses(in: segment).count))
    }
    return open
  }

  /// Messages without known numbers are given up: never more than there are.
  mutating func giveUp(_ count: UInt64) {
    let lost = min(count, unnamedLosses)
    closeLosses(lost)
  }
}

extension SegmentState {
  /// Messages that were lost here and have not ended.
  var lostSequences: [Sequence] {
    guard UInt64(count) > liveCount else { return [] }
    return (0..<count).filter { !isLive(at: $0) && !hasEnding(at: $0) }.map { sequence(at: $0) }
  }
}
