/// A message and what became of it, as far as the log's directories tell.
package struct MessageRecord: Sendable, Equatable {
  package var sequence: Sequence
  package var uuid: String
  package var destination: String
  package var segment: UInt64
  package var frameOffset: UInt64
  /// Milliseconds since 1970.
  package var acceptedAtMs: UInt64
  package var start: RecordStart
  package var maxAgeMs: UInt64?
  package var maxAttempts: UInt32?
  package var payloadBytes: UInt32
  package var state: MessageStates.State
  package var attempts: UInt32
  package var lastStatus: UInt16
  package var lastError: String
}

/// Goes through all messages of a log in order. A message's end stands behind it, so a window of
/// messages is looked up at a time: memory is bounded whatever the log's size, at the price of one
/// more pass over the directories per window.
package struct LogRecords {
  package static let windowDefault = 1 << 20

  /// What is known of one message of the window.
  private struct Detail {
    var attempts: UInt32 = 0
    var status: UInt16 = 0
    var hasNote = false
    var noteSegment: UInt32 = 0
    var noteOffset: UInt64 = 0
  }

  private let disk: any Disk
  private let survey: LogSurvey
  private let windowSize: Int

  package init(_ survey: LogSurvey, on disk: any Disk, window: Int = windowDefault) {
    self.survey = survey
    self.disk = disk
    windowSize = max(window, 1)
  }

  package func forEach(_ body: (MessageRecord) -> Void) throws(DiskError) {
    var start = 0
    while start < survey.states.count {
      let window = start..<min(start + windowSize, survey.states.count)
      try forEach(in: window, body)
      start = window.upperBound
    }
  }

  private func forEach(
    in window: Range<Int>, _ body: (MessageRecord) -> Void
  ) throws(DiskError) {
    guard let segments = survey.states.segments(in: window) else { return }
    let details = try details(of: window, from: segments.lowerBound)
    var notes = NoteReader(survey.chain, on: disk)
    defer { notes.close() }
    for index in segments {
      var destinations: [UInt32: String] = [:]
      try walk(index) { frame, directory in
        for definition in directory.destinations { destinations[definition.id] = definition.origin }
        for message in directory.messages {
          guard let place = survey.states.index(of: message.sequence), place.segment == index,
            window.contains(place.index)
          else { continue }
          var record = record(of: message, frame, directory, place.index)
          record.destination = destinations[message.destination] ?? "?"
          record.segment = survey.chain.segments[index].id
          let detail = details[place.index - window.lowerBound]
          record.attempts = detail.attempts
          record.lastStatus = detail.status
          if detail.hasNote {
            let place = NotePlace(
              segment: survey.chain.segments[Int(detail.noteSegment)].id,
              frameOffset: detail.noteOffset)
            record.lastError =
              notes.text(message.sequence, attempts: detail.attempts, at: place) ?? ""
          }
          body(record)
        }
      }
    }
  }

  private func record(
    of message: DirectoryMessage, _ frame: ScannedFrame, _ directory: FrameDirectory, _ index: Int
  ) -> MessageRecord {
    MessageRecord(
      sequence: message.sequence,
      uuid: String(decoding: directory.uuid(of: message), as: UTF8.self), destination: "",
      segment: 0, frameOffset: frame.offset, acceptedAtMs: frame.head.committedAtMs,
      start: message.start, maxAgeMs: message.maxAgeMs, maxAttempts: message.maxAttempts,
      payloadBytes: message.payloadLength, state: survey.states[index], attempts: 0, lastStatus: 0,
      lastError: "")
  }

  /// Goes through everything from the window's first segment on for what happened to its messages.
  private func details(
    of window: Range<Int>, from first: Int
  ) throws(DiskError) -> [Detail] {
    var details = [Detail](repeating: Detail(), count: window.count)
    func slot(_ sequence: Sequence) -> Int? {
      guard let place = survey.states.index(of: sequence), window.contains(place.index) else {
        return nil
      }
      return place.index - window.lowerBound
    }
    for index in first..<survey.chain.segments.count {
      try walk(index) { frame, directory in
        for attempt in directory.attempts {
          guard let slot = slot(attempt.sequence) else { continue }
          details[slot] = Detail(attempts: attempt.count, status: attempt.status)
        }
        for outcome in directory.outcomes {
          guard let slot = slot(outcome.sequence) else { continue }
          details[slot] = Detail(attempts: outcome.attempts, status: outcome.status)
        }
        for note in directory.notes {
          guard let slot = slot(note.sequence), note.attempts == details[slot].attempts else {
            continue
          }
          details[slot].hasNote = true
          details[slot].noteSegment = UInt32(index)
          details[slot].noteOffset = frame.offset
        }
      }
    }
    return details
  }

  private func walk(
    _ index: Int, _ visit: (ScannedFrame, FrameDirectory) -> Void
  ) throws(DiskError) {
    _ = try SegmentWalk.run(survey.chain.segments[index], on: disk, checksBlocks: false) {
      (frame, scanner) throws(DiskError) in visit(frame, scanner.directory)
    }
  }
}
