import SegmentLog

/// What a log weighs, how it was written, how long messages took, and where they go.
struct StatsView {
  let stats: LogStats
  let directory: String

  private static let quantiles: [(name: String, field: StaticString, part: Double)] = [
    ("p50", "P50", 0.5), ("p90", "P90", 0.9), ("p99", "P99", 0.99), ("p99.9", "P99.9", 0.999),
  ]

  func print(to output: Output, json: Bool) {
    if json { return output.object(write) }
    for line in Table.lines(sizes) { output.line(line) }
    output.line("")
    for line in Table.lines(latencies) { output.line(line) }
    output.line("")
    for line in Table.lines(destinations) { output.line(line) }
    if stats.destinationsArePartial {
      output.line("there were more destinations than are counted; the counts are lower bounds")
    }
  }

  private var bodyBytes: UInt64 {
    stats.frameBytes > stats.directoryBytes ? stats.frameBytes - stats.directoryBytes : 0
  }

  private func ratio(_ part: UInt64, _ whole: UInt64) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
  }

  private var sizes: [[String]] {
    func text(_ ratio: Double?, _ what: String) -> String {
      ratio.map { "\(decimalText($0, 3)) \(what)" } ?? ""
    }
    return [
      ["on disk", "", byteText(stats.bytesOnDisk), "\(stats.segments) segments"],
      ["  prepared ahead", "", byteText(stats.preparedBytes), ""],
      ["  reserve", "", byteText(stats.reserveBytes), "for a full disk"],
      ["  cold segments", "", byteText(stats.coldBytes), "\(stats.coldSegments) of them"],
      ["  dedup files", "", byteText(stats.dedupBytes), "\(stats.dedupFiles) of them"],
      ["  checkpoints", "", byteText(stats.checkpointBytes), "\(stats.checkpoints) of them"],
      [
        "frames", "", byteText(stats.frameBytes),
        text(ratio(stats.frameBytes, stats.messages), "bytes per message"),
      ],
      ["  heads and directories", "", byteText(stats.directoryBytes), ""],
      [
        "  bodies, compressed", "", byteText(bodyBytes),
        text(ratio(bodyBytes, stats.payloadBytes), "of their size"),
      ],
      ["payloads, raw", "", byteText(stats.payloadBytes), ""],
      [
        "frames to payloads", "", text(ratio(stats.frameBytes, stats.payloadBytes), ""), "",
      ],
      ["frames", "", String(stats.frames), ""],
      [
        "syncs", "", String(stats.syncs),
        text(ratio(stats.frames, stats.syncs), "frames per sync"),
      ],
      [
        "messages", "", String(stats.messages),
        text(ratio(stats.messages, stats.frames), "per frame"),
      ],
      ["failed attempts", "", String(stats.attempts), ""],
      ["ends", "", String(stats.outcomes), ""],
      ["first", "", stats.firstAtMs.map(timeText) ?? "-", ""],
      ["last", "", stats.lastAtMs.map(timeText) ?? "-", ""],
    ]
  }

  private var histograms: [(name: String, field: StaticString, histogram: Histogram)] {
    [
      ("delivered", "Delivered", stats.delivered), ("dead", "Dead", stats.dead),
      ("cancelled", "Cancelled", stats.cancelled),
    ]
  }

  private var latencies: [[String]] {
    let head =
      ["accept to end, ms", "messages"] + Self.quantiles.map(\.name) + ["max", "mean"]
    return [head]
      + histograms.map { name, _, histogram in
        let quantiles = Self.quantiles.map { String(histogram.quantile($0.part)) }
        let rest = [String(histogram.max), decimalText(histogram.mean, 1)]
        return [name, String(histogram.count)]
          + (histogram.count > 0 ? quantiles + rest : Array(repeating: "-", count: 6))
      }
  }

  private var destinations: [[String]] {
    let head = ["top destinations", "of \(stats.destinationCount)", "messages", "payload"]
    return [head]
      + stats.destinations.map {
        [printable($0.name), "", String($0.messages), byteText($0.payloadBytes)]
      }
  }

  private func write(_ object: inout JSONObject) {
    object.add("Directory", directory)
    object.add("Segments", stats.segments)
    object.add("BytesOnDisk", stats.bytesOnDisk)
    object.add("PreparedBytes", stats.preparedBytes)
    object.add("ReserveBytes", stats.reserveBytes)
    object.add("ColdSegments", stats.coldSegments)
    object.add("ColdBytes", stats.coldBytes)
    object.add("DedupFiles", stats.dedupFiles)
    object.add("DedupBytes", stats.dedupBytes)
    object.add("Checkpoints", stats.checkpoints)
    object.add("CheckpointBytes", stats.checkpointBytes)
    object.add("FrameBytes", stats.frameBytes)
    object.add("DirectoryBytes", stats.directoryBytes)
    object.add("BodyBytes", bodyBytes)
    object.add("PayloadBytes", stats.payloadBytes)
    object.add("BodyRatio", decimal: ratio(bodyBytes, stats.payloadBytes))
    object.add("Ratio", decimal: ratio(stats.frameBytes, stats.payloadBytes))
    object.add("BytesPerMessage", decimal: ratio(stats.frameBytes, stats.messages))
    object.add("Frames", stats.frames)
    object.add("Syncs", stats.syncs)
    object.add("FramesPerSync", decimal: ratio(stats.frames, stats.syncs))
    object.add("Messages", stats.messages)
    object.add("MessagesPerFrame", decimal: ratio(stats.messages, stats.frames))
    object.add("Attempts", stats.attempts)
    object.add("Ends", stats.outcomes)
    object.add("FirstAt", time: stats.firstAtMs)
    object.add("LastAt", time: stats.lastAtMs)
    object.add("LatencyMs") { object in
      for (_, field, histogram) in histograms {
        object.add(field) { object in
          object.add("Count", histogram.count)
          for (_, field, part) in Self.quantiles {
            object.add(field, histogram.count > 0 ? histogram.quantile(part) : nil)
          }
          object.add("Max", histogram.count > 0 ? histogram.max : nil)
          object.add("Mean", decimal: histogram.count > 0 ? histogram.mean : nil)
        }
      }
    }
    object.add("DestinationCount", stats.destinationCount)
    object.add("DestinationsArePartial", stats.destinationsArePartial)
    object.add("TopDestinations", array: stats.destinations) { destination, object in
      object.add("Destination", destination.name)
      object.add("Messages", destination.messages)
      object.add("PayloadBytes", destination.payloadBytes)
    }
  }
}
