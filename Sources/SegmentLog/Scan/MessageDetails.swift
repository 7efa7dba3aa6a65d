/// What the records behind a message say of it.
struct MessageDetail: Sendable {
  var attempts: UInt32 = 0
  var status: UInt16 = 0
  var state = MessageState.pending
  /// One more than the index of the segment with the note of the last error; 0 = there is none.
  var noteSegment: UInt32 = 0
  var noteOffset: UInt64 = 0

  fileprivate mutating func update(
    _ state: MessageState, attempts: UInt32, status: UInt16, _ place: MessageDetails.Place
  ) {
    // Files are read side by side: only the last record of a message counts.
    guard (state, attempts) >= (self.state, self.attempts) else { return }
    self = MessageDetail(attempts: attempts, status: status, state: state)
    guard place.hasNotes else { return }
    noteSegment = place.segment + 1
    noteOffset = place.offset
  }
}

/// The details of the messages of a stretch of sequences, in bounded memory.
struct MessageDetails: Sendable {
  /// 2.8 million messages at a time.
  static let bytesMaxDefault = 64 << 20

  struct Place {
    var segment: UInt32
    var offset: UInt64
    /// Whether the frame holds notes at all; whether one for this record, a look at it will tell.
    var hasNotes: Bool
  }

  private(set) var window: SequenceWindow<MessageDetail>

  init(from: Sequence, bytesMax: Int) {
    window = SequenceWindow(from: from, empty: MessageDetail(), bytesMax: bytesMax)
  }

  subscript(sequence: Sequence) -> MessageDetail { window[sequence] }

  mutating func apply(_ head: FrameHead, _ summary: FrameSummary, _ place: Place) {
    // So that there is room for each message of the window, with or without records of it.
    summary.forEachRun(head) { first, count in
      window.update(first: first, count: count) { _ in }
    }
    for wait in summary.waits {
      window.update(wait.sequence) {
        $0.update(.pending, attempts: wait.attempts, status: wait.status, place)
      }
    }
    for attempt in summary.attempts {
      window.update(attempt.sequence) {
        $0.update(.pending, attempts: attempt.count, status: attempt.status, place)
      }
    }
    for outcome in summary.outcomes {
      let state = MessageState(outcome.kind)
      window.update(outcome.sequence) {
        $0.update(state, attempts: outcome.attempts, status: outcome.status, place)
      }
    }
  }

  /// What a checkpoint says of an end; records say more.
  mutating func add(
    _ sequence: Sequence, _ state: MessageState, attempts: UInt32, status: UInt16
  ) {
    guard window.holds(sequence), window[sequence].state < state else { return }
    window.update(sequence) {
      $0.state = state
      $0.attempts = max($0.attempts, attempts)
      if status > 0 { $0.status = status }
    }
  }

  /// The word of a start: it lives, whatever a record says that counts no more.
  mutating func setLive(_ sequence: Sequence, isDead: Bool) {
    guard window.holds(sequence), window[sequence].state > (isDead ? .dead : .pending) else {
      return
    }
    window.update(sequence) { $0.state = isDead ? .dead : .pending }
  }

  /// What a checkpoint says of a message that was tried; `file` gives the index of a place's file.
  mutating func add(_ attempt: AttemptState, file: (NotePlace) -> Int?) {
    let sequence = attempt.sequence
    guard window.holds(sequence), window[sequence].attempts < attempt.count else { return }
    window.update(sequence) {
      $0.attempts = attempt.count
      $0.status = attempt.status
      guard let note = attempt.note, let index = file(note) else { return }
      $0.noteSegment = UInt32(index) + 1
      $0.noteOffset = note.frameOffset
    }
  }
}
