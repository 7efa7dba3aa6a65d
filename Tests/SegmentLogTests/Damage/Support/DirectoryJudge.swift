@testable import SegmentLog

/// What a start makes of a directory in which files are not what they were. Every wrong is a sentence;
/// none is nil. That nothing ends by a trap is told by the process that goes on.
struct DirectoryJudge {
  let world: DirectoryWorld
  let mutation: DirectoryMutation

  func wrong(on disk: SimDisk) throws -> String? {
    look(at: disk)
    var options = world.options
    options.onDamage = .drain
    let core: LogCore
    let report: RecoveryReport
    do throws(LogError) {
      (core, report) = try LogCore.open(disk: disk, options: options, nowMs: world.nowMs)
    } catch {
      let text = error.description
      return mutation.names.contains { text.contains($0) } || text.contains(FileNames.identity)
        || isForeign(error) ? nil : "refused without a name: \(text)"
    }
    let wrong = judge(core, report, disk) ?? judgeAccepting(core, disk, options)
    return wrong.map { "\($0)\n\(report)" }
  }

  /// With every tool, whatever it says.
  private func look(at disk: SimDisk) {
    _ = try? LogRepair.examine(disk, nowMs: world.nowMs)
    _ = try? LogSurvey(of: disk)
    _ = try? LogAudit(of: disk)
  }

  /// Where the identity came from the files, it may have come from the wrong one.
  private func isForeign(_ error: LogError) -> Bool {
    if case .foreignStore = error { return mutation.names.contains(FileNames.identity) }
    return false
  }

  private func judge(_ core: LogCore, _ report: RecoveryReport, _ disk: SimDisk) -> String? {
    let reader = LogReader(disk: disk)
    var gone: [Sequence] = []
    for (sequence, message) in world.model.messages.sorted(by: { $0.key < $1.key })
    where message.isLive {
      let payload = core.locate([sequence])[0].flatMap { reader.payloads(at: [$0])[0] }
      let state = core.state.state(of: sequence)
      if payload == message.record.payload, state == .pending || state == message.state {
        continue
      }
      guard payload == nil || payload == message.record.payload else {
        return "message \(sequence) has another payload"
      }
      gone.append(sequence)
      // What a cold segment holds may stand in force only by a record that is lost.
      if let file = world.files[sequence], !mutation.names.contains(file) {
        return "message \(sequence) of \(file), which is as it was, is gone (\(state as Any))"
      }
    }
    if let wrong = judge(gone, core, report) { return wrong }
    return judgeBooks(core)
  }

  /// Each message that is gone is named, or counted; or its file is named, where no checkpoint knows
  /// what stood in it.
  private func judge(
    _ gone: [Sequence], _ core: LogCore, _ report: RecoveryReport
  ) -> String? {
    let named = Set(report.damage.map(\.file))
    let silent = gone.filter { sequence in
      if report.damage.contains(where: { $0.lost?.contains(sequence) == true && $0.lostCount > 0 })
      {
        return false
      }
      if core.state.unreadable.contains(sequence) { return false }
      return isKnown || !named.contains(world.files[sequence] ?? "")
    }
    let unnamed = report.damage.reduce(0) { $0 + $1.unnamed }
    guard UInt64(silent.count) <= unnamed || isBlind else {
      return "silent: \(silent) are gone, \(report.damage)"
    }
    guard core.state.nextSequence >= world.model.nextSequence || isBlind else {
      return "numbers from \(core.state.nextSequence) on are given again"
    }
    return nil
  }

  /// Whether a checkpoint is left that knows everything.
  private var isKnown: Bool { world.whole.map { !mutation.names.contains($0) } ?? false }

  /// What nothing in the directory tells of any more: what stood at the end of the log, when the
  /// checkpoint that knew it is hit, too, or there was none.
  private var isBlind: Bool {
    !isKnown && mutation.names.contains(world.segments.last ?? "")
  }

  private func judgeBooks(_ core: LogCore) -> String? {
    let totals = core.totals
    let live = core.state.holders.reduce(UInt64(0)) { $0 + core.state[$1].liveCount }
    guard totals.isPossible, live <= totals.pending + totals.dead else {
      return "the books don't close: \(totals), \(live) live"
    }
    return nil
  }

  /// What was accepted is accepted for good, and the log goes on.
  private func judgeAccepting(
    _ core: LogCore, _ disk: SimDisk, _ options: LogOptions
  ) -> String? {
    var options = options
    let before = core.state.nextSequence
    do throws(AcceptError) { _ = try core.acceptDamage(nowMs: world.nowMs) } catch {
      return "accepting: \(error)"
    }
    let live = core.state.holders.reduce(UInt64(0)) { $0 + core.state[$1].liveCount }
    guard core.totals.pending + core.totals.dead == live else {
      return "accepted, and the books don't close: \(core.totals), \(live) live"
    }
    let staged = core.stage([TestLog.record(1_000_001)], nowMs: world.nowMs)
    guard case .taken = staged else { return "accepted, and nothing is taken: \(staged)" }
    do throws(LogFailure) {
      _ = try core.commit(nowMs: world.nowMs)
      // Twice what a checkpoint and the drops behind it may change.
      for _ in 0..<2 {
        if let job = core.checkpointWanted(nowMs: world.nowMs + 60_000) {
          try core.checkpointed(job.run(on: disk), nowMs: world.nowMs + 60_000)
        }
        core.dropFinished(nowMs: world.nowMs + 60_000)
        guard try core.rotate(room: 0, nowMs: world.nowMs + 60_000) else { break }
      }
    } catch {
      return "accepted, and then: \(error)"
    }
    let states = core.state.holders.reduce(UInt64(0)) { $0 + core.state[$1].liveCount }
    for kept in [SimDisk.Kept.nothing, .everything] {
      let copy = disk.clone(seed: 1)
      copy.crash(keeping: kept)
      options.saltSeed += 1
      do throws(LogError) {
        let (again, report) = try LogCore.open(
          disk: copy, options: options, nowMs: world.nowMs + 60_000)
        if !report.damage.isEmpty { return "accepted, and damage again: \(report.damage)" }
        let live = again.state.holders.reduce(UInt64(0)) { $0 + again.state[$1].liveCount }
        guard live == states, again.totals == core.totals, again.state.nextSequence > before else {
          return "accepted, and another log at the next start: \(again.totals), \(core.totals)"
        }
      } catch {
        return "accepted, and the next start: \(error)"
      }
    }
    return nil
  }
}
