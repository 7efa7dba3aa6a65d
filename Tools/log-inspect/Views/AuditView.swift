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
      if audit.givenUp > 0 {
        output.line(
          "of those cancelled, \(countText(audit.givenUp, "message")) lost to damage and given up")
      }
      for line in explanation { output.line(line) }
    }
    return audit.closes ? 0 : 2
  }

  private var rows: [[String]] {
    [
      ("accepted", audit.accepted), ("delivered", audit.delivered), ("dead", audit.dead),
      ("cancelled", audit.cancelled), ("pending", audit.pending),
      ("unaccounted for", audit.unaccounted),
    ].map { [$0.0, "", String($0.1)] }
  }

  private var explanation: [String] {
    guard !audit.closes else {
      return ["it closes: accepted = delivered + dead + cancelled + pending"]
    }
    var lines = audit.ranges.map { range in
      range.lowerBound == range.upperBound
        ? "message \(range.lowerBound) is unaccounted for: accepted, and in no readable frame"
        : "messages \(range.lowerBound) to \(range.upperBound) are unaccounted for: accepted, and "
          + "in no readable frame"
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
    object.add("Cancelled", audit.cancelled)
    object.add("LostAndGivenUp", audit.givenUp)
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
