/// Everything that a log's directories tell of the messages with one UUID, in order. A UUID can
/// have been used more than once; the newest is meant elsewhere.
package struct MessageHistory: Sendable {
  package struct Event: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      case accepted(DirectoryMessage, destination: String)
      case attempt(DirectoryAttempt)
      case ended(DirectoryOutcome)
    }
    package var kind: Kind
    package var sequence: Sequence
    /// Milliseconds since 1970.
    package var atMs: UInt64
    package var segment: UInt64
    package var frameOffset: UInt64
    package var error: String
  }

  package private(set) var events: [Event] = []
  package private(set) var sequences: [Sequence] = []
  /// Events beyond `eventsMax`.
  package private(set) var furtherEvents = 0
  package static let eventsMax = 100_000

  package init(
    of uuid: [UInt8], in chain: LogChain, on disk: any Disk,
    progress: (_ bytes: UInt64, _ of: UInt64) -> Void = { _, _ in }
  ) throws(DiskError) {
    let total = chain.segmentBytes
    var notes = NoteReader(chain, on: disk)
    defer { notes.close() }
    for segment in chain.segments {
      var destinations: [UInt32: String] = [:]
      _ = try SegmentWalk.run(
        segment, on: disk, checksBlocks: false, progress: { progress($0, total) }
      ) { (frame, scanner) throws(DiskError) in
        let directory = scanner.directory
        for definition in directory.destinations { destinations[definition.id] = definition.origin }
        for message in directory.messages where directory.hasUUID(message, uuid) {
          sequences.append(message.sequence)
          let destination = destinations[message.destination] ?? "?"
          add(.accepted(message, destination: destination), message.sequence, segment, frame)
        }
        if sequences.isEmpty { return }
        addChanges(directory, segment, frame, &notes)
      }
    }
  }

  /// The state of one of the messages after all.
  package func state(of sequence: Sequence) -> MessageStates.State {
    for event in events.reversed() where event.sequence == sequence {
      if case .ended(let outcome) = event.kind { return MessageStates.State(outcome.kind) }
    }
    return .pending
  }

  private mutating func addChanges(
    _ directory: FrameDirectory, _ segment: SegmentFile, _ frame: ScannedFrame,
    _ notes: inout NoteReader
  ) {
    let place = NotePlace(segment: segment.id, frameOffset: frame.offset)
    for attempt in directory.attempts where sequences.contains(attempt.sequence) {
      let hasNote = directory.note(attempt.sequence, attempts: attempt.count) != nil
      let error =
        hasNote ? notes.text(attempt.sequence, attempts: attempt.count, at: place) : nil
      add(.attempt(attempt), attempt.sequence, segment, frame, error ?? "")
    }
    for outcome in directory.outcomes where sequences.contains(outcome.sequence) {
      let hasNote = directory.note(outcome.sequence, attempts: outcome.attempts) != nil
      let error =
        hasNote ? notes.text(outcome.sequence, attempts: outcome.attempts, at: place) : nil
      add(.ended(outcome), outcome.sequence, segment, frame, error ?? "")
    }
  }

  private mutating func add(
    _ kind: Event.Kind, _ sequence: Sequence, _ segment: SegmentFile, _ frame: ScannedFrame,
    _ error: String = ""
  ) {
    guard events.count < Self.eventsMax else {
      furtherEvents += 1
      return
    }
    events.append(
      Event(
        kind: kind, sequence: sequence, atMs: frame.head.committedAtMs, segment: segment.id,
        frameOffset: frame.offset, error: error))
  }
}
