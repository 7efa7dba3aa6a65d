import SegmentLog

/// The accounting, and what it can't account for.
struct AuditView {
  let audit: LogAudit
  let directory: String

  /// 2 when it does not close.
  func print(to output: Output, json: Bool) -> Int32 {
    if json {
      output.object(write)
    } else {
      for line in Table.lines(rows) { output.line(line) }
      for line in losses + explanation { output.line(line) }
    }
    return audit.closes ? 0 : 2
  }

  private var rows: [[String]] {
    var rows = [
      ("accepted", audit.accepted), ("delivered", audit.delivered), ("dead", audit.dead),
      ("cancelled", audit.cancelled - audit.givenUp), ("pending", audit.pending),
      ("unaccounted for", audit.unaccounted),
    ]
    if audit.givenUp > 0 { rows.insert(("lost and given up", audit.givenUp), at: 4) }
    return rows.map { [$0.0, "", String($0.1)] }
  }

  /// What was lost to damage and accepted as such.
  private var losses: [String] {
    guard audit.givenUp > 0 else { return [] }
    var lines = audit.lost.runs.map { "\(Self.name($0)) lost to damage and given up" }
    let unnamed = audit.givenUp - min(audit.lost.count, audit.givenUp)
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
    guard !audit.closes else {
      let lost = audit.givenUp > 0 ? "lost + " : ""
      return ["it closes: accepted = delivered + dead + cancelled + \(lost)pending"]
    }
    var lines = audit.ranges.map { range in
      let verb = range.lowerBound == range.upperBound ? "is" : "are"
      return "\(Self.name(range)) \(verb) unaccounted for: accepted, and in no readable frame"
    }
    if audit.furtherRanges > 0 { lines.append("… and \(audit.furtherRanges) further gaps") }
    if audit.unnamed > 0, let first = audit.chain.segments.first {
      lines.append(
        "\(countText(audit.unnamed, "message")) from before \(first.name) can't be accounted for")
    }
    let difference = audit.difference
    if difference > 0 {
      lines.append(
        "\(countText(UInt64(difference), "message")) counted twice: pending or dead by their own "
          + "frames, ended by the books; the records of their ends are lost")
    } else if difference < 0 {
      lines.append(
        "\(countText(difference.magnitude, "message")) of those accepted are missing in the sum")
    }
    return lines + ["it does not close; --verify tells what is damaged"]
  }

  private func write(_ object: inout JSONObject) {
    object.add("Directory", directory)
    object.add("Accepted", audit.accepted)
    object.add("Delivered", audit.delivered)
    object.add("Dead", audit.dead)
    object.add("Cancelled", audit.cancelled - audit.givenUp)
    object.add("LostAndGivenUp", audit.givenUp)
    object.add("LostSequences", array: audit.lost.runs) { range, object in
      object.add("First", range.lowerBound)
      object.add("Last", range.upperBound)
    }
    object.add("Pending", audit.pending)
    object.add("Unaccounted", audit.unaccounted)
    object.add("UnaccountedSequences", array: audit.ranges) { range, object in
      object.add("First", range.lowerBound)
      object.add("Last", range.upperBound)
    }
    object.add("FurtherRanges", audit.furtherRanges)
    object.add("UnaccountedWithoutSequence", audit.unnamed)
    object.add("CountedTwice", UInt64(max(audit.difference, 0)))
    object.add("Closes", audit.closes)
  }
}
