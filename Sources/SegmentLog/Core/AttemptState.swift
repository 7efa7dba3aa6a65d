/// What is remembered of a message that was tried and lives, or is dead.
struct AttemptState: Sendable, Equatable {
  var sequence: Sequence
  /// The wait's end by the wall clock, milliseconds since 1970; at most `dueAtMax`.
  var dueAtMs: UInt64 = 0 {
    didSet { dueAtMs = min(dueAtMs, Self.dueAtMax) }
  }
  var status: UInt16 = 0
  var delayMs: UInt32 = 0
  var count: UInt32 = 0
  /// A place that doesn't fit (a segment beyond 2^27 or an offset beyond 64 GiB) is forgotten.
  var note: NotePlace? {
    didSet {
      guard let place = note, place.segment >= 1 << 27 || place.frameOffset >= 1 << 36 else {
        return
      }
      note = nil
    }
  }

  /// In the year 10889.
  private static let dueAtMax: UInt64 = 0xffff_ffff_ffff

  init(sequence: Sequence) { self.sequence = sequence }
}

/// The same in 28 bytes, for a table that knows the sequence to 32 bits.
struct PackedAttempt: Sendable {
  /// Of the sequence to where its part of the table begins.
  var offset: UInt32
  private var dueLow: UInt32
  private var dueHigh: UInt16
  private var status: UInt16
  private var delayMs: UInt32
  private var count: UInt32
  /// From the top: one bit for a cold segment, 27 of its id, 36 of the frame's offset; 0 = no note.
  private var noteLow: UInt32
  private var noteHigh: UInt32

  init(_ state: AttemptState, offset: UInt32) {
    self.offset = offset
    dueLow = UInt32(truncatingIfNeeded: state.dueAtMs)
    dueHigh = UInt16(truncatingIfNeeded: state.dueAtMs >> 32)
    status = state.status
    delayMs = state.delayMs
    count = state.count
    let note = state.note.map(Self.pack) ?? 0
    noteLow = UInt32(truncatingIfNeeded: note)
    noteHigh = UInt32(truncatingIfNeeded: note >> 32)
  }

  func state(_ sequence: Sequence) -> AttemptState {
    var state = AttemptState(sequence: sequence)
    state.dueAtMs = UInt64(dueHigh) << 32 | UInt64(dueLow)
    state.status = status
    state.delayMs = delayMs
    state.count = count
    let note = UInt64(noteHigh) << 32 | UInt64(noteLow)
    if note != 0 { state.note = Self.unpack(note) }
    return state
  }

  private static func pack(_ place: NotePlace) -> UInt64 {
    (place.kind == .cold ? 1 << 63 : 0) | place.segment << 36 | place.frameOffset
  }

  private static func unpack(_ note: UInt64) -> NotePlace {
    NotePlace(
      kind: note >> 63 == 1 ? .cold : .wal, segment: note >> 36 & 0x7ff_ffff,
      frameOffset: note & 0xf_ffff_ffff)
  }
}
