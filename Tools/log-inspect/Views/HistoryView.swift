import SegmentLog

/// What happened to the messages with one UUID, line by line.
struct HistoryView {
  let uuid: String
  let history: MessageHistory

  /// 1 when there is nothing.
  func print(to output: Output, json: Bool) -> Int32 {
    if json {
      output.object(write)
    } else {
      for event in history.events { output.line(EventView.text(event, naming: false)) }
      if history.furtherEvents > 0 { output.line("… and \(history.furtherEvents) more") }
      for sequence in history.sequences {
        output.line(
          "message \(sequence) is \(history.state(of: sequence).name)" + rest(of: sequence))
      }
    }
    guard history.sequences.isEmpty else { return 0 }
    Output.note("log-inspect: no message with UUID \(printable(uuid)) stands in this log")
    return 1
  }

  /// What only other files than those of its events know.
  private func rest(of sequence: Sequence) -> String {
    guard let rest = history.remainder(of: sequence) else { return "" }
    var text = ""
    if rest.acceptedAtMs > 0 { text += ", accepted \(timeText(rest.acceptedAtMs))" }
    text += ", \(countText(UInt64(rest.attempts), "attempt"))"
    if rest.status > 0 { text += ", last status \(rest.status)" }
    return text + ", says \(rest.file): the frames that told more are gone"
  }

  private func write(_ object: inout JSONObject) {
    object.add("UUID", uuid)
    object.add("Messages", array: history.sequences) { sequence, object in
      object.add("Sequence", sequence)
      object.add("State", history.state(of: sequence).name)
      if let rest = history.remainder(of: sequence) {
        object.add("Remembered") { object in
          object.add("AcceptedAt", time: rest.acceptedAtMs)
          object.add("Attempts", rest.attempts)
          object.add("LastStatus", rest.status)
          object.add("File", rest.file)
        }
      }
      object.add("Events", array: history.events.filter { $0.sequence == sequence }) {
        EventView.write($0, naming: false, to: &$1)
      }
    }
    object.add("FurtherEvents", history.furtherEvents)
  }
}
