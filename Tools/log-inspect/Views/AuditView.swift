import SegmentLog

/// The accounting, and what it can't account for.
struct AuditView {
  let judgement: LogJudgement
  /// Counted from the frames, to check the other.
  let audit: LogAudit
  let directory: String

  private var totals: Totals { judgement.totals }
  private var givenUp: UInt64 { min(judgement.report?.lost ?? 0, totals.cancelled) }
  private var unaccounted: UInt64 { judgement.lost.count + judgement.unnamed }
  private var pending: UInt64 { judgement.live - judgement.dead }
  private var closes: Bool {
    unaccounted == 0
      && totals.accepted == totals.delivered + totals.cancelled + judgement.dead + pending
  }
  /// What the frames tell by themselves, where no damage keeps them from it.
  private var isConfirmed: Bool {
    judgement.report?.damage.isEmpty == false
      || (audit.pending, audit.dead) == (pending, judgement.dead)
  }

  /// 2 when it does not close.
  func print(to output: Output, json: Bool) -> Int32 {
    if json {
      output.object(write)
    } else {
      for line in Table.lines(rows) { output.line(line) }
      for line in losses + explanation { output.line(line) }
    }
    return closes ? 0 : 2
  }

  private var rows: [[String]] {
    var rows = [
      ("accepted", totals.accepted), ("delivered", totals.delivered), ("dead", judgement.dead),
      ("cancelled", totals.cancelled - givenUp), ("pending", pending),
      ("unaccounted for", unaccounted),
    ]
    if givenUp > 0 { rows.insert(("lost and given up", givenUp), at: 4) }
    return rows.map { [$0.0, "", String($0.1)] }
  }

  /// What was lost to damage and accepted as such.
  private var losses: [String] {
    guard givenUp > 0 else { return [] }
    var lines = audit.lost.runs.map { "\(Self.name($0)) lost to damage and given up" }
    let unnamed = givenUp - min(audit.lost.count, givenUp)
    if unnamed > 0 {
      lines.append(
        "\(countText(unnamed, "message")) lost to damage and given up, by numbers that no frame "
          + "tells")
    }
    return lines
  }

  private static func name(_ range: ClosedRange<Sequence>) -> String {
    range.lowerBound == range.upperBound
      ? "message \(range.lowerBound)" : "messages \(range.lowerBound) to \(range.upperBound)"
  }

  private var explanation: [String] {
    var lines: [String] = []
    if !isConfirmed {
      lines.append(
        "the frames by themselves tell of \(audit.pending) pending and \(audit.dead) dead messages")
    }
    guard !closes else {
      let lost = givenUp > 0 ? "lost + " : ""
      return lines + ["it closes: accepted = delivered + dead + cancelled + \(lost)pending"]
    }
    lines += judgement.lost.runs.map { range in
      let verb = range.lowerBound == range.upperBound ? "is" : "are"
      return "\(Self.name(range)) \(verb) unaccounted for: accepted, and in no readable frame"
    }
    if judgement.unnamed > 0 {
      lines.append(
        "\(countText(judgement.unnamed, "message")) whose numbers nobody knows can't be accounted for"
      )
    }
    return lines + ["it does not close; --verify tells what is damaged"]
  }

  private func write(_ object: inout JSONObject) {
    object.add("Directory", directory)
    object.add("Accepted", totals.accepted)
    object.add("Delivered", totals.delivered)
    object.add("Dead", judgement.dead)
    object.add("Cancelled", totals.cancelled - givenUp)
    object.add("LostAndGivenUp", givenUp)
    object.add("LostSequences", array: audit.lost.runs) { range, object in
      object.add("First", range.lowerBound)
      object.add("Last", range.upperBound)
    }
    object.add("Pending", pending)
    object.add("Unaccounted", unaccounted)
    object.add("UnaccountedSequences", array: judgement.lost.runs) { range, object in
      object.add("First", range.lowerBound)
      object.add("Last", range.upperBound)
    }
    object.add("UnaccountedWithoutSequence", judgement.unnamed)
    object.add("CountedPending", audit.pending)
    object.add("CountedDead", audit.dead)
    object.add("Closes", closes)
  }
}
