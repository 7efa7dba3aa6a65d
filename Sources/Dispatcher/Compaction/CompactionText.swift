import SegmentLog

/// What a compaction did, as `dispatcher compact` prints it.
enum CompactionText {
  /// A line for each file, removed ones first, and a last one with the bytes.
  static func text(_ report: CompactionReport) -> String {
    var lines = report.removed.map { segment in
      "removed  \(segment.file)  \(size(segment.storedBytes))  "
        + "all of \(count(segment.messages)) ended"
    }
    lines += report.kept.map { segment in
      var line = "kept     \(segment.file)  \(size(segment.storedBytes))  "
      line += "\(segment.live) of \(count(segment.messages)) live"
      if let reason = segment.keptBecause { line += ": \(reason)" }
      return line
    }
    lines.append(
      "\(report.removed.count) removed, \(report.kept.count) kept; "
        + "\(ByteSize.rounded(report.bytesBefore)) before, "
        + "\(ByteSize.rounded(report.bytesAfter)) after")
    return lines.joined(separator: "\n")
  }

  private static func size(_ bytes: UInt64) -> String {
    let text = ByteSize.rounded(bytes)
    return String(repeating: " ", count: max(0, 11 - text.count)) + text
  }

  private static func count(_ messages: UInt64) -> String {
    messages == 1 ? "1 message" : "\(messages) messages"
  }
}
