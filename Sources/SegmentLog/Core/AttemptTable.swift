/// What is remembered of a message that was tried and lives, or is dead: 32 bytes.
struct AttemptState: Sendable, Equatable {
  /// 0 marks an empty place.
  var sequence: Sequence = 0
  /// The wait's end by the wall clock in the lower 48 bits, the status above.
  private var dueAndStatus: UInt64 = 0
  var delayMs: UInt32 = 0
  var count: UInt32 = 0
  /// Segment in the upper 28 bits, frame offset in the lower 36; 0 = no note.
  private var packedNote: UInt64 = 0

  init() {}
  init(sequence: Sequence) { self.sequence = sequence }

  var dueAtMs: UInt64 {
    get { dueAndStatus & 0xffff_ffff_ffff }
    set { dueAndStatus = dueAndStatus & ~0xffff_ffff_ffff | min(newValue, 0xffff_ffff_ffff) }
  }

  var status: UInt16 {
    get { UInt16(truncatingIfNeeded: dueAndStatus >> 48) }
    set { dueAndStatus = dueAndStatus & 0xffff_ffff_ffff | UInt64(newValue) << 48 }
  }

  /// A place that doesn't fit (a segment beyond 2^28 or an offset beyond 64 GiB) is forgotten.
  var note: NotePlace? {
    get {
      packedNote == 0
        ? nil : NotePlace(segment: packedNote >> 36, frameOffset: packedNote & 0xf_ffff_ffff)
    }
    set {
      guard let note = newValue, note.segment < 1 << 28, note.frameOffset < 1 << 36 else {
        packedNote = 0
        return
      }
      packedNote = note.segment << 36 | note.frameOffset
    }
  }
}

/// The attempt states by sequence: open addressing with linear probing, in 64 parts that grow one
/// at a time, so that no commit waits for the whole table to move.
///
/// The slots of a part stand in pieces: while a checkpoint holds a copy of the table, a change copies
/// one piece (2 KiB) and not a part, which may take a megabyte.
struct AttemptTable: Sendable {
  private struct Part: Sendable {
    private static let pieceSize = 64
    private var pieces: [[AttemptState]] = []
    private var size = 0
    var used = 0

    subscript(index: Int) -> AttemptState {
      get { pieces[index / Self.pieceSize][index % Self.pieceSize] }
      set { pieces[index / Self.pieceSize][index % Self.pieceSize] = newValue }
    }

    func place(of sequence: Sequence) -> Int {
      var hash = sequence &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 32
      var index = Int(truncatingIfNeeded: hash) & (size - 1)
      while self[index].sequence != 0 && self[index].sequence != sequence {
        index = (index + 1) & (size - 1)
      }
      return index
    }

    var isFull: Bool { (used + 1) * 4 > size * 3 }

    mutating func grow() {
      let old = pieces
      size = max(8, size * 2)
      let piece = Array(repeating: AttemptState(), count: min(size, Self.pieceSize))
      pieces = (0..<max(1, size / Self.pieceSize)).map { _ in piece }
      for slot in old.joined() where slot.sequence != 0 { self[place(of: slot.sequence)] = slot }
    }

    mutating func remove(_ sequence: Sequence) {
      guard used > 0 else { return }
      var hole = place(of: sequence)
      guard self[hole].sequence == sequence else { return }
      self[hole] = AttemptState()
      used -= 1
      // What stands behind in the same run may have been pushed past the hole: put it anew.
      var next = (hole + 1) & (size - 1)
      while self[next].sequence != 0 {
        let moved = self[next]
        self[next] = AttemptState()
        hole = place(of: moved.sequence)
        self[hole] = moved
        next = (next + 1) & (size - 1)
      }
    }

    func forEach(_ body: (AttemptState) -> Void) {
      guard used > 0 else { return }
      for piece in pieces { for slot in piece where slot.sequence != 0 { body(slot) } }
    }
  }

  static let partCount = 64
  private var parts = Array(repeating: Part(), count: partCount)

  var count: Int { parts.reduce(0) { $0 + $1.used } }

  subscript(sequence: Sequence) -> AttemptState? {
    get {
      let part = Int(sequence & 63)
      guard parts[part].used > 0 else { return nil }
      let slot = parts[part][parts[part].place(of: sequence)]
      return slot.sequence == sequence ? slot : nil
    }
    set {
      let part = Int(sequence & 63)
      guard let newValue else {
        parts[part].remove(sequence)
        return
      }
      if parts[part].isFull { parts[part].grow() }
      let place = parts[part].place(of: sequence)
      if parts[part][place].sequence == 0 { parts[part].used += 1 }
      parts[part][place] = newValue
    }
  }

  /// In no order.
  func forEach(_ body: (AttemptState) -> Void) { for part in parts { part.forEach(body) } }

  /// The states of one part by sequence; it is empty afterwards.
  mutating func take(part: Int) -> [AttemptState] {
    var taken = Part()
    swap(&taken, &parts[part])
    var states: [AttemptState] = []
    states.reserveCapacity(taken.used)
    taken.forEach { states.append($0) }
    states.sort { $0.sequence < $1.sequence }
    return states
  }
}
