import SegmentLog

/// The segments, one a line, and their sum.
struct TableView {
  let overview: LogOverview

  func print(to output: Output, json: Bool) {
    if json {
      output.object(write)
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
      let isNamed = segment.state == .prepared || FileNames.coldID(segment.file) != nil
      let name = isNamed ? segment.file : String(segment.id)
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
      // Compacted segments come last and hold what is oldest.
      sum.firstSequence = least(sum.firstSequence, segment.firstSequence)
      sum.lastSequence = greatest(sum.lastSequence, segment.lastSequence)
      sum.firstAtMs = least(sum.firstAtMs, segment.firstAtMs)
      sum.lastAtMs = greatest(sum.lastAtMs, segment.lastAtMs)
    }
    return sum
  }

  private func least(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    [one, other].compactMap(\.self).min()
  }

  private func greatest(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    [one, other].compactMap(\.self).max()
  }

  private func write(_ object: inout JSONObject) {
    object.add("Directory", overview.directory)
    object.add("BytesOnDisk", overview.bytesOnDisk)
    object.add("Segments", array: overview.segments) { segment, object in
      object.add("Id", segment.id)
      object.add("File", segment.file)
      object.add("State", segment.state.rawValue)
      object.add("KeptBecause", segment.keptBecause)
      write(segment, &object)
    }
    object.add("Total") { write(sum, &$0) }
  }

  private func write(_ segment: SegmentOverview, _ object: inout JSONObject) {
    object.add("Frames", segment.frames)
    object.add("Messages", segment.messages)
    object.add("Live", segment.live)
    object.add("RawBytes", segment.rawBytes)
    object.add("StoredBytes", segment.storedBytes)
    object.add("Ratio", decimal: segment.ratio)
    object.add("FirstSequence", segment.firstSequence)
    object.add("LastSequence", segment.lastSequence)
    object.add("FirstAt", time: segment.firstAtMs)
    object.add("LastAt", time: segment.lastAtMs)
  }
}

extension SegmentOverview {
  /// Stored to raw bytes; nil without messages.
  fileprivate var ratio: Double? {
    rawBytes > 0 ? Double(storedBytes) / Double(rawBytes) : nil
  }
}
