import SegmentLog

/// The segments, one a line, and their sum.
struct TableView {
  let overview: LogOverview
  let problems: [LogSurvey.Problem]

  func print(to output: Output, json: Bool) {
    if json {
      output.line(asJSON.text)
    } else {
      for line in Table.lines(rows) { output.line(line) }
    }
  }

  private var rows: [[String]] {
    let head = [
      "segment", "state", "frames", "messages", "live", "raw", "stored", "ratio", "first", "last",
      "kept because",
    ]
    let segments = overview.segments.map { segment in
      let name = segment.state == .prepared ? segment.file : String(segment.id)
      return [name, segment.state.rawValue] + numbers(segment)
    }
    var total = numbers(sum)
    total[total.count - 1] = "\(byteText(overview.bytesOnDisk)) on disk"
    return [head] + segments + [["total", "\(overview.segments.count) files"] + total]
  }

  private func numbers(_ segment: SegmentOverview) -> [String] {
    [
      String(segment.frames), String(segment.messages), String(segment.live),
      String(segment.rawBytes), String(segment.storedBytes),
      segment.ratio.map { decimalText($0, 3) } ?? "-",
      segment.firstAtMs.map(timeText) ?? "-", segment.lastAtMs.map(timeText) ?? "-",
      segment.keptBecause ?? "(can go)",
    ]
  }

  private var sum: SegmentOverview {
    var sum = SegmentOverview(id: 0, file: "", state: .sealed)
    for segment in overview.segments {
      sum.frames += segment.frames
      sum.messages += segment.messages
      sum.live += segment.live
      sum.rawBytes += segment.rawBytes
      sum.storedBytes += segment.storedBytes
      sum.firstSequence = sum.firstSequence ?? segment.firstSequence
      sum.lastSequence = segment.lastSequence ?? sum.lastSequence
      sum.firstAtMs = sum.firstAtMs ?? segment.firstAtMs
      sum.lastAtMs = segment.lastAtMs ?? sum.lastAtMs
    }
    return sum
  }

  private var asJSON: JSON {
    .object([
      ("Directory", .string(overview.directory)),
      ("BytesOnDisk", .number(overview.bytesOnDisk)),
      ("Segments", .array(overview.segments.map { .object(identity($0) + fields($0)) })),
      ("Total", .object(fields(sum))),
    ])
  }

  private func identity(_ segment: SegmentOverview) -> [(String, JSON)] {
    [
      ("Id", .number(segment.id)), ("File", .string(segment.file)),
      ("State", .string(segment.state.rawValue)), ("KeptBecause", .optional(segment.keptBecause)),
    ]
  }

  private func fields(_ segment: SegmentOverview) -> [(String, JSON)] {
    [
      ("Frames", .number(segment.frames)), ("Messages", .number(segment.messages)),
      ("Live", .number(segment.live)), ("RawBytes", .number(segment.rawBytes)),
      ("StoredBytes", .number(segment.storedBytes)),
      ("Ratio", segment.ratio.map { .decimal($0) } ?? .null),
      ("FirstSequence", .optional(segment.firstSequence)),
      ("LastSequence", .optional(segment.lastSequence)),
      ("FirstAt", .time(segment.firstAtMs)), ("LastAt", .time(segment.lastAtMs)),
    ]
  }
}

extension SegmentOverview {
  /// Stored to raw bytes; nil without messages.
  fileprivate var ratio: Double? {
    rawBytes > 0 ? Double(storedBytes) / Double(rawBytes) : nil
  }
}

/// Columns as wide as their widest cell, numbers to the right.
enum Table {
  static func lines(_ rows: [[String]]) -> [String] {
    guard let columns = rows.map(\.count).max() else { return [] }
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        let isNumber = column > 1 && cell.allSatisfy { $0.isNumber || $0 == "." || $0 == "-" }
        line += isNumber ? padding + cell : cell + padding
        line += "  "
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
