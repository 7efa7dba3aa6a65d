/// What is remembered of a message that was tried and lives, or is dead: 32 bytes.
struct AttemptState: Sendable, Equatable {
  /// 0 marks an empty place.
  var sequence: Sequence = 0
  /// The wait's end by the wall clock in the lower 48 bits, the status above.
  private var dueAndStatus: UInt64 = 0
  var delayMs: UInt32 = 0
  var count: UInt32 = 0
  /// From the top: one bit for a cold segment, 27 of its id, 36 of the frame's offset; 0 = no note.
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

  /// A place that doesn't fit (a segment beyond 2^27 or an offset beyond 64 GiB) is forgotten.
  var note: NotePlace? {
    get {
      packedNote == 0
        ? nil
        : NotePlace(
          kind: packedNote >> 63 == 1 ? .cold : .wal, segment: packedNote >> 36 & 0x7ff_ffff,
          frameOffset: packedNote & 0xf_ffff_ffff)
    }
    set {
      guard let note = newValue, note.segment < 1 << 27, note.frameOffset < 1 << 36 else {
        packedNote = 0
        return
      }
      packedNote =
        (note.kind == .cold ? 1 << 63 : 0) | note.segment << 36 | note.frameOffset
    }
  }
}

/// The attempt states by sequence: open addressing with linear probing, in 64 parts that grow one
/// at a time, so that no commit waits for the whole table to move.
struct AttemptTable: Sendable {
  private struct Part: Sendable {
    var slots: [AttemptState] = []
    var used = 0

    func place(of sequence: Sequence) -> Int {
      var hash = sequence &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 32
      var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[index].sequence != 0 && slots[index].sequence != sequence {
        index = (index + 1) & (slots.count - 1)
      }
      return index
    }

    mutating func grow() {
      let old = slots
      slots = Array(repeating: AttemptState(), count: max(8, old.count * 2))
      for slot in old where slot.sequence != 0 { slots[place(of: slot.sequence)] = slot }
    }

    mutating func remove(_ sequence: Sequence) {
      guard used > 0 else { return }
      var hole = place(of: sequence)
      guard slots[hole].sequence == sequence else { return }
      slots[hole] = AttemptState()
      used -= 1
      // What stands behind in the same run may have been pushed past the hole: put it anew.
      var next = (hole + 1) & (slots.count - 1)
      while slots[next].sequence != 0 {
        let moved = slots[next]
        slots[next] = AttemptState()
        hole = place(of: moved.sequence)
        slots[hole] = moved
        next = (next + 1) & (slots.count - 1)
      }
    }
  }

  private var parts = Array(repeating: Part(), count: 64)

  var count: Int { parts.reduce(0) { $0 + $1.used } }

  subscript(sequence: Sequence) -> AttemptState? {
    get {
      let part = Int(sequence & 63)
      guard parts[part].used > 0 else { return nil }
      let slot = parts[part].slots[parts[part].place(of: sequence)]
      return slot.sequence == sequence ? slot : nil
    }
    set {
      let part = Int(sequence & 63)
      guard let newValue else {
        parts[part].remove(sequence)
        return
      }
      if (parts[part].used + 1) * 4 > parts[part].slots.count * 3 { parts[part].grow() }
      let place = parts[part].place(of: sequence)
      if parts[part].slots[place].sequence == 0 { parts[part].used += 1 }
      parts[part].slots[place] = newValue
    }
  }
}
