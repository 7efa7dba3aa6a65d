import SegmentLog

/// Something that happened to a message, as a line or an object.
enum EventView {
  static func text(_ event: LogEvent, naming: Bool) -> String {
    let error = event.error.isEmpty ? "" : ": " + printable(event.error)
    let to = event.destination.isEmpty ? "" : " for \(printable(event.destination))"
    let what =
      switch event.kind {
      case .accepted(let message):
        "accepted\(to), \(message.payloadLength) bytes" + limits(message)
      case .attempt(let attempt):
        "attempt \(attempt.count)\(naming ? to : "") failed\(status(attempt.status)), the next "
          + "after \(attempt.delayMs) ms\(error)"
      case .ended(let outcome):
        "\(MessageState(outcome.kind).name)\(naming ? to : "") after "
          + "\(countText(UInt64(outcome.attempts), "attempt"))\(status(outcome.status))\(error)"
      }
    let name = naming && !event.uuid.isEmpty ? " \(event.uuid)" : ""
    return "\(timeText(event.atMs)) message \(event.sequence)\(name) \(what) "
      + "(\(event.fileKind == .cold ? "cold segment" : "segment") \(event.segment) at "
      + "\(event.frameOffset))"
  }

  private static func limits(_ message: DirectoryMessage) -> String {
    var text =
      switch message.start {
      case .atOnce: ""
      case .delay(let ms): ", delay \(ms) ms"
      case .notBefore(let unixMs): ", not before \(timeText(LogTimes.logMs(unixMs)))"
      }
    if let maxAge = message.maxAgeMs { text += ", max age \(maxAge) ms" }
    if let maxAttempts = message.maxAttempts { text += ", max attempts \(maxAttempts)" }
    return text
  }

  private static func status(_ status: UInt16) -> String {
    status == 0 ? "" : " with status \(status)"
  }

  /// `naming`: with what tells the message, which a history says once.
  static func write(_ event: LogEvent, naming: Bool, to object: inout JSONObject) {
    object.add("At", time: event.atMs)
    if naming {
      object.add("Sequence", event.sequence)
      object.add("UUID", event.uuid.isEmpty ? nil : event.uuid)
      object.add("Destination", event.destination.isEmpty ? nil : event.destination)
    }
    switch event.kind {
    case .accepted(let message):
      object.add("Event", "accepted")
      if !naming { object.add("Destination", event.destination) }
      object.add("PayloadBytes", message.payloadLength)
      object.add(message.start)
      object.add("MaxAge", message.maxAgeMs)
      object.add("MaxAttempts", message.maxAttempts.map(UInt64.init))
    case .attempt(let attempt):
      object.add("Event", "attempt")
      object.add("Attempts", attempt.count)
      object.add("Status", attempt.status)
      object.add("Delay", attempt.delayMs)
      object.add("Error", event.error)
    case .ended(let outcome):
      object.add("Event", MessageState(outcome.kind).name)
      object.add("Attempts", outcome.attempts)
      object.add("Status", outcome.status)
      object.add("Error", event.error)
    }
    object.add("File", event.file)
    object.add("Segment", event.segment)
    object.add("FrameOffset", event.frameOffset)
  }
}
