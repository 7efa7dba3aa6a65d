import SegmentLog

/// What a compaction did, as `dispatcher compact` prints it.
enum CompactionText {
  /// A line for each file, removed ones first, and a last one with the bytes.
  static func text(_ report: CompactionReport) -> String {
    let longest = (report.removed + report.kept).map(\.file.count).max() ?? 0
    var lines = report.removed.map { segment in
      line("removed", segment, fileWidth: longest)
        + (segment.live == 0 ? "nothing of \(count(segment.messages)) is left in it" : "")
    }
    lines += report.kept.map { segment in
      var line = line("kept", segment, fileWidth: longest)
      line += "\(segment.live) of \(count(segment.messages)) live"
      if let reason = segment.keptBecause { line += ": \(reason)" }
      return line
    }
    lines += report.problems.map { "problem: \($0)" }
    lines.append(
      "\(report.removed.count) removed, \(report.kept.count) kept; "
        + "\(ByteSize.rounded(report.bytesBefore)) before, "
        + "\(ByteSize.rounded(report.bytesAfter)) after")
    return lines.joined(separator: "\n")
  }

  /// What would be done with each file, and why.
  static func text(_ preview: CompactionPreview) -> String {
    let longest = preview.decisions.map(\.file.count).max() ?? 0
    var lines = preview.decisions.map { decision in
      padded(decision.job == nil ? "leave" : "compact", to: 9)
        + padded(decision.file, to: longest + 2) + decision.why
    }
    let inputs = preview.decisions.count { $0.job != nil }
    let jobs = Set(preview.decisions.compactMap(\.job)).count
    lines.append(
      "\(inputs) of \(preview.decisions.count) segments would be compacted, into \(jobs) at most; "
        + "nothing was done")
    return lines.joined(separator: "\n")
  }

  private static func line(
    _ what: String, _ segment: SegmentOverview, fileWidth: Int
  ) -> String {
    let size = ByteSize.rounded(segment.storedBytes)
    return padded(what, to: 9) + padded(segment.file, to: fileWidth + 2)
      + String(repeating: " ", count: max(0, 11 - size.count)) + size + "  "
  }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func count(_ messages: UInt64) -> String {
    messages == 1 ? "1 message" : "\(messages) messages"
  }
}
