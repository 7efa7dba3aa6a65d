@testable import SegmentLog

/// Compares a core with the model: every difference is a sentence.
struct LogCheck {
  let core: LogCore
  let model: LogModel
  let disk: any Disk

  /// Memory only: which of several models is meant.
  func stateDifference() -> String? {
    if core.state.nextSequence != model.nextSequence {
      return "next sequence is \(core.state.nextSequence), not \(model.nextSequence)"
    }
    if core.totals != model.totals { return "totals \(core.totals), not \(model.totals)" }
    for (sequence, message) in model.messages {
      let found = core.state.state(of: sequence)
      // Its segment may have been dropped.
      if found == nil && !message.isLive && core.state.holder(of: sequence) == nil {
        continue
      }
      if found != message.state {
        return "message \(sequence) is \(String(describing: found)), not \(message.state)"
      }
      if message.isLive, let difference = attemptDifference(sequence, message) {
        return difference
      }
    }
    return nil
  }

  private func attemptDifference(_ sequence: Sequence, _ message: LogModel.Message) -> String? {
    let found = core.state.attempts[sequence]
    if (found?.count ?? 0) != message.attempts || (found?.status ?? 0) != message.status {
      return
        "message \(sequence) has \(String(describing: found)), not \(message.attempts) attempts"
    }
    guard message.state == .pending, let retry = message.retry else { return nil }
    return found?.dueAtMs == retry.dueAtMs && found?.delayMs == retry.delayMs
      ? nil : "message \(sequence) is due \(String(describing: found)), not \(retry)"
  }

  /// Everything: payloads, walks, look-ups, the accounting.
  func difference() -> String? {
    stateDifference() ?? payloadDifference() ?? walkDifference() ?? lookupDifference()
  }

  /// Without a call to the core's own disk.
  func differenceByItself() -> String? {
    stateDifference() ?? payloadDifference() ?? walkDifference()
  }

  /// Only what must never be: a live message that is gone.
  func loss() -> String? {
    if core.state.nextSequence < model.nextSequence {
      return "next sequence is \(core.state.nextSequence), not \(model.nextSequence)"
    }
    for (sequence, message) in model.messages where message.isLive {
      let state = core.state.state(of: sequence)
      // That it is dead may have stood in a segment that was dropped.
      if state != .pending && state != message.state {
        return "message \(sequence) is \(String(describing: state)), not \(message.state)"
      }
    }
    return payloadDifference()
  }

  /// A file that nobody knows.
  func orphan() -> String? {
    // What the checkpoint before still needs stays, whether it is known or not.
    let needed = core.checkpoints.kept.flatMap(\.needs.keys).map(\.name)
    let segments = Set(
      core.state.holders.map { core.state[$0].file } + core.state.spent.map(\.file.name)
        + core.state.dedups.map { FileNames.dedup($0.id) } + needed)
    let known = Set([FileNames.identity, FileNames.quarantine] + FileNames.reserves)
    let names = (try? disk.list()) ?? []
    let checkpoints = CheckpointReader.numbers(in: names)
    if core.checkpoints.kept.count == 2,
      let stale = checkpoints.first(where: { $0 < core.checkpoints.kept[1].number })
    {
      return FileNames.checkpoint(stale)
    }
    return names.first {
      !known.contains($0) && !segments.contains($0) && FileNames.checkpointNumber($0) == nil
    }
  }

  private func payloadDifference() -> String? {
    let live = model.messages.filter(\.value.isLive).keys.sorted()
    let payloads = LogReader(disk: disk).payloads(at: core.locate(live))
    for (sequence, payload) in zip(live, payloads)
    where payload != model.messages[sequence]?.record.payload {
      return "the payload of message \(sequence) is \(payload == nil ? "not readable" : "another")"
    }
    return nil
  }

  private func walkDifference() -> String? {
    let pending = model.messages.filter { $0.value.state == .pending }
    let reader = LogReader(disk: disk)
    var counted: [String: UInt64] = [:]
    for (_, message) in pending { counted[message.record.destination, default: 0] += 1 }
    let backlogs = core.destinationsWithPending()
    let found = Dictionary(uniqueKeysWithValues: backlogs.map { ($0.origin, $0.count) })
    if found != counted { return "waiting \(found), not \(counted)" }
    for backlog in backlogs {
      let expected = pending.filter { $0.value.record.destination == backlog.origin }
      var after = backlog.firstSequence - 1
      var seen: [Sequence] = []
      while true {
        let plan = core.walkPlan(destination: backlog.origin, after: after, limit: 3)
        for entry in reader.entries(of: plan) {
          seen.append(entry.sequence)
          guard let message = expected[entry.sequence] else {
            return "the walk shows message \(entry.sequence)"
          }
          if entry.acceptedAtMs != message.acceptedAtMs || entry.start != message.record.start
            || entry.attempts != message.attempts || entry.retry != message.retry
            || entry.maxAgeMs != message.record.maxAgeMs
          {
            return "the walk shows \(entry), not \(message)"
          }
        }
        guard let next = plan.next else { break }
        after = next
      }
      if seen != expected.keys.sorted() {
        return "the walk of \(backlog.origin) shows \(seen), not \(expected.keys.sorted())"
      }
    }
    return nil
  }

  private func lookupDifference() -> String? {
    let reader = LogReader(disk: disk)
    for uuid in Set(model.messages.values.map(\.uuid)) {
      let sequence = model.newest(uuid, where: core.remembers)
      guard let sequence, let message = model.messages[sequence] else { continue }
      // What has ended may be forgotten when the window is over.
      let isOver =
        message.acceptedAtMs + core.options.dedupWindowMs <= core.state.lastCommittedAtMs
      if !message.isLive && isOver { continue }
      guard let status = core.lookup(key: message.record.key, uuid: message.record.uuid) else {
        return "message \(sequence) can't be looked up"
      }
      let error = status.note.flatMap { reader.note(at: $0) } ?? ""
      if status.sequence != sequence || status.state != message.state
        || status.attempts != message.attempts || status.lastStatus != message.status
        || status.acceptedAtMs != message.acceptedAtMs || status.retry != message.retry
        || (status.destination ?? message.record.destination) != message.record.destination
        || (status.location == nil) != (core.state.holder(of: sequence) == nil)
        || error != message.error
      {
        return "looked up \(status) \(error), not \(sequence) \(message)"
      }
    }
    return nil
  }
}

extension LogCore {
  /// Whether the message stands in a segment, or its end is still known.
  func remembers(_ sequence: Sequence) -> Bool {
    state.state(of: sequence) != nil
      || (state.holder(of: sequence) == nil
        && (state.recent[sequence]?.ending != nil
          || dedupReader.entry(sequence, in: state.dedups) != nil))
  }
}
