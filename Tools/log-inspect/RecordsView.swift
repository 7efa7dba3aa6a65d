import SegmentLog

/// One line per message.
struct RecordsView {
  let records: LogRecords

  func print(to output: Output, json: Bool) throws(DiskError) {
    if !json {
      output.line("sequence uuid destination accepted state attempts last-status bytes last-error")
    }
    try records.forEach { record in
      output.line(json ? Self.json(record).text : Self.text(record))
    }
  }

  private static func text(_ record: MessageRecord) -> String {
    var columns = [
      String(record.sequence), record.uuid, printable(record.destination),
      timeText(record.acceptedAtMs), record.state.name, String(record.attempts),
      record.lastStatus == 0 ? "-" : String(record.lastStatus), String(record.payloadBytes),
    ]
    if !record.lastError.isEmpty { columns.append(printable(record.lastError)) }
    return columns.joined(separator: " ")
  }

  private static func json(_ record: MessageRecord) -> JSON {
    .object(
      [
        ("Sequence", .number(record.sequence)), ("UUID", .string(record.uuid)),
        ("Destination", .string(record.destination)), ("AcceptedAt", .time(record.acceptedAtMs)),
        ("State", .string(record.state.name)), ("Attempts", .number(UInt64(record.attempts))),
        ("LastStatus", .number(UInt64(record.lastStatus))),
        ("LastError", .string(record.lastError)),
      ] + startFields(record.start) + [
        ("MaxAge", .optional(record.maxAgeMs)),
        ("MaxAttempts", .optional(record.maxAttempts.map(UInt64.init))),
        ("PayloadBytes", .number(UInt64(record.payloadBytes))),
        ("Segment", .number(record.segment)), ("FrameOffset", .number(record.frameOffset)),
      ])
  }

  static func startFields(_ start: RecordStart) -> [(String, JSON)] {
    switch start {
    case .atOnce: []
    case .delay(let ms): [("Delay", .number(ms))]
    case .notBefore(let unixMs): [("NotBefore", .time(unixMs))]
    }
  }
}
