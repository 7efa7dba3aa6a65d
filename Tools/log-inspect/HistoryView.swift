import SegmentLog

/// What happened to the messages with one UUID, line by line.
struct HistoryView {
  let uuid: String
  let history: MessageHistory

  /// 1 when there is nothing.
  func print(to output: Output, json: Bool) -> Int32 {
    if json {
      output.line(asJSON.text)
    } else {
      for event in history.events { output.line(text(event)) }
      if history.furtherEvents > 0 { output.line("… and \(history.furtherEvents) more") }
      for sequence in history.sequences {
        output.line("message \(sequence) is \(history.state(of: sequence).name)")
      }
    }
    guard history.sequences.isEmpty else { return 0 }
    Output.note("log-inspect: no message with UUID \(printable(uuid)) stands in this log")
    return 1
  }

  private func text(_ event: MessageHistory.Event) -> String {
    let error = event.error.isEmpty ? "" : ": " + printable(event.error)
    let what =
      switch event.kind {
      case .accepted(let message, let destination):
        "accepted for \(printable(destination)), \(message.payloadLength) bytes"
          + limits(message)
      case .attempt(let attempt):
        "attempt \(attempt.count) failed\(status(attempt.status)), the next after "
          + "\(attempt.delayMs) ms\(error)"
      case .ended(let outcome):
        "\(MessageStates.State(outcome.kind).name) after \(outcome.attempts) attempts"
          + "\(status(outcome.status))\(error)"
      }
    return "\(timeText(event.atMs)) message \(event.sequence) \(what) "
      + "(segment \(event.segment) at \(event.frameOffset))"
  }

  private func limits(_ message: DirectoryMessage) -> String {
    var text =
      switch message.start {
      case .atOnce: ""
      case .delay(let ms): ", delay \(ms) ms"
      case .notBefore(let unixMs): ", not before \(timeText(unixMs))"
      }
    if let maxAge = message.maxAgeMs { text += ", max age \(maxAge) ms" }
    if let maxAttempts = message.maxAttempts { text += ", max attempts \(maxAttempts)" }
    return text
  }

  private func status(_ status: UInt16) -> String { status == 0 ? "" : " with status \(status)" }

  private var asJSON: JSON {
    .object([
      ("UUID", .string(uuid)),
      (
        "Messages",
        .array(
          history.sequences.map { sequence in
            .object([
              ("Sequence", .number(sequence)),
              ("State", .string(history.state(of: sequence).name)),
              ("Events", .array(history.events.filter { $0.sequence == sequence }.map(json))),
            ])
          })
      ),
      ("FurtherEvents", .number(UInt64(history.furtherEvents))),
    ])
  }

  private func json(_ event: MessageHistory.Event) -> JSON {
    var fields: [(String, JSON)] = [("At", .time(event.atMs))]
    switch event.kind {
    case .accepted(let message, let destination):
      fields += [
        ("Event", .string("accepted")), ("Destination", .string(destination)),
        ("PayloadBytes", .number(UInt64(message.payloadLength))),
      ]
      fields += RecordsView.startFields(message.start)
      fields += [
        ("MaxAge", .optional(message.maxAgeMs)),
        ("MaxAttempts", .optional(message.maxAttempts.map(UInt64.init))),
      ]
    case .attempt(let attempt):
      fields += [
        ("Event", .string("attempt")), ("Attempts", .number(UInt64(attempt.count))),
        ("Status", .number(UInt64(attempt.status))), ("Delay", .number(UInt64(attempt.delayMs))),
        ("Error", .string(event.error)),
      ]
    case .ended(let outcome):
      fields += [
        ("Event", .string(MessageStates.State(outcome.kind).name)),
        ("Attempts", .number(UInt64(outcome.attempts))),
        ("Status", .number(UInt64(outcome.status))), ("Error", .string(event.error)),
      ]
    }
    fields += [("Segment", .number(event.segment)), ("FrameOffset", .number(event.frameOffset))]
    return .object(fields)
  }
}
