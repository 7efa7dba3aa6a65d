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
        output.line("message \(sequence) is \(history.state(of: sequence).name)")
      }
    }
    guard history.sequences.isEmpty else { return 0 }
    Output.note("log-inspect: no message with UUID \(printable(uuid)) stands in this log")
    return 1
  }

  private func write(_ object: inout JSONObject) {
    object.add("UUID", uuid)
    object.add("Messages", array: history.sequences) { sequence, object in
      object.add("Sequence", sequence)
      object.add("State", history.state(of: sequence).name)
      object.add("Events", array: history.events.filter { $0.sequence == sequence }) {
        EventView.write($0, naming: false, to: &$1)
      }
    }
    object.add("FurtherEvents", history.furtherEvents)
  }
}
