/// Something that a log tells of a message.
package struct LogEvent: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case accepted(DirectoryMessage)
    case attempt(DirectoryAttempt)
    case ended(DirectoryOutcome)
  }
  package var kind: Kind
  package var sequence: Sequence
  /// Empty where nothing that was read says it.
  package var uuid: String
  package var destination: String
  /// Milliseconds since 1970; 0: not known, as of an end that was copied by a compaction.
  package var atMs: UInt64
  package var fileKind: SegmentHeader.Kind
  package var segment: UInt64
  package var frameOffset: UInt64
  package var error: String
  /// Whether an error text stands in the same frame.
  var hasNote: Bool

  package var file: String { FileNames.segment(fileKind, segment) }
  var place: NotePlace {
    NotePlace(kind: fileKind, segment: segment, frameOffset: frameOffset)
  }
  var attempts: UInt32 {
    switch kind {
    case .accepted: 0
    case .attempt(let attempt): attempt.count
    case .ended(let outcome): outcome.attempts
    }
  }

  /// Whether both tell the same, wherever it stands.
  func tells(of other: LogEvent) -> Bool {
    guard sequence == other.sequence, attempts == other.attempts else { return false }
    switch (kind, other.kind) {
    case (.accepted, .accepted), (.attempt, .attempt): return true
    case (.ended(let one), .ended(let two)): return one.kind == two.kind
    default: return false
    }
  }

  /// The events of a frame in the order in which they are applied; error texts are left to the
  /// caller. `destinations` are those of the segment so far.
  static func forEach(
    in directory: FrameDirectory, _ head: FrameHead, _ place: NotePlace,
    _ destinations: inout [UInt32: String], _ body: (LogEvent) -> Void
  ) {
    for definition in directory.destinations { destinations[definition.id] = definition.origin }
    var event = LogEvent(
      kind: .attempt(DirectoryAttempt(sequence: 0, count: 0, delayMs: 0, status: 0)), sequence: 0,
      uuid: "", destination: "", atMs: head.committedAtMs, fileKind: place.kind,
      segment: place.segment, frameOffset: place.frameOffset, error: "", hasNote: false)
    for message in directory.messages {
      event.kind = .accepted(message)
      event.sequence = message.sequence
      event.atMs = message.acceptedAtMs
      event.uuid = String(decoding: directory.uuid(of: message), as: UTF8.self)
      event.destination = destinations[message.destination] ?? "?"
      body(event)
    }
    event.uuid = ""
    event.destination = ""
    event.atMs = head.committedAtMs
    for wait in directory.waits {
      event.kind = .attempt(
        DirectoryAttempt(
          sequence: wait.sequence, count: wait.attempts, delayMs: wait.delayMs,
          status: wait.status))
      event.sequence = wait.sequence
      event.atMs = wait.dueAtMs.subtractingCapped(UInt64(wait.delayMs))
      event.hasNote = directory.note(wait.sequence, attempts: wait.attempts) != nil
      body(event)
    }
    event.atMs = head.committedAtMs
    for attempt in directory.attempts {
      event.kind = .attempt(attempt)
      event.sequence = attempt.sequence
      event.hasNote = directory.note(attempt.sequence, attempts: attempt.count) != nil
      body(event)
    }
    // The copy's frame has a time of its own, which is not that of the end.
    if place.kind == .cold { event.atMs = 0 }
    for outcome in directory.outcomes {
      event.kind = .ended(outcome)
      event.sequence = outcome.sequence
      event.hasNote = directory.note(outcome.sequence, attempts: outcome.attempts) != nil
      body(event)
    }
  }
}

extension NoteReader {
  mutating func text(of event: LogEvent) -> String {
    text(event.sequence, attempts: event.attempts, at: event.place) ?? ""
  }
}
