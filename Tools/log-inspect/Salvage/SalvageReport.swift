import SegmentLog

/// What a salvage came to: for a person on standard error, or as JSON on standard output.
struct SalvageReport {
  let result: Salvage.Result
  let chain: LogChain
  let target: String

  func print(to output: Output, json: Bool) {
    if json && target != "-" { return output.object(write) }
    for line in lines { Output.note("log-inspect: " + printable(line)) }
  }

  private var lines: [String] {
    var lines = result.unreadable.sorted { $0.sequence < $1.sequence }.map {
      "message \($0.sequence) (\($0.uuid)) can't be read: \($0.reason)"
    }
    if result.furtherUnreadable > 0 {
      lines.append("… and \(result.furtherUnreadable) further messages can't be read")
    }
    lines += problems
    lines.append("\(countText(result.written, "message")) written to \(target)")
    return lines
  }

  private var problems: [String] {
    chain.problems.map(\.description) + result.failures.map(\.description)
  }

  private func write(_ object: inout JSONObject) {
    object.add("Target", target)
    object.add("Written", result.written)
    object.add("Unreadable", array: result.unreadable.sorted { $0.sequence < $1.sequence }) {
      (message, object) in
      object.add("Sequence", message.sequence)
      object.add("UUID", message.uuid)
      object.add("Reason", message.reason)
    }
    object.add("FurtherUnreadable", result.furtherUnreadable)
    object.add("Problems", array: problems) { $1.add("Text", $0) }
  }
}
