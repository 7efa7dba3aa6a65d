/// The attempt states in the order of their sequences: 32 bytes each at most, however many.
///
/// A sorted list of sorted leaves. Messages are tried in the order of their sequences as a rule, so
/// leaves are filled one after the other; where it comes otherwise a full one is split. A leaf's array
/// grows by an eighth instead of doubling, and a copy of the table shares all leaves but those that
/// are written to afterwards, so that a change after a copy moves 14 KiB at most.
struct AttemptTable: Sendable {
  private struct Leaf {
    /// Where it begins: its sequences are `base` and up, below the next leaf's base, less than 2^32
    /// above.
    let base: Sequence
    var slots: [PackedAttempt] = []

    func covers(_ sequence: Sequence) -> Bool { sequence - base <= UInt64(UInt32.max) }

    func offset(_ sequence: Sequence) -> UInt32 {
      UInt32(truncatingIfNeeded: sequence - base)
    }

    /// The first slot at or behind the sequence.
    func place(_ sequence: Sequence) -> Int {
      let wanted = offset(sequence)
      if let last = slots.last, last.offset < wanted { return slots.count }
      var low = 0
      var high = slots.count
      while low < high {
        let middle = (low + high) / 2
        if slots[middle].offset < wanted { low = middle + 1 } else { high = middle }
      }
      return low
    }

    func holds(_ sequence: Sequence, at place: Int) -> Bool {
      place < slots.count && slots[place].offset == offset(sequence)
    }

    mutating func insert(_ state: AttemptState, at place: Int) {
      if slots.count == slots.capacity {
        slots.reserveCapacity(slots.count + max(4, slots.count / 8))
      }
      slots.insert(PackedAttempt(state, offset: offset(state.sequence)), at: place)
    }

    mutating func remove(at place: Int) {
      slots.remove(at: place)
      if slots.count < slots.capacity / 2 - 4 { fit(Array(slots)) }
    }

    /// With no more room than a few further ones need.
    mutating func fit(_ kept: [PackedAttempt]) {
      var fitting: [PackedAttempt] = []
      fitting.reserveCapacity(kept.count + max(4, kept.count / 16))
      fitting.append(contentsOf: kept)
      slots = fitting
    }
  }

  private static let leafMax = 512
  /// Smaller neighbours are put together.
  private static let leafMin = 128

  /// Never empty; the first one begins at 0.
  private var leaves = [Leaf(base: 0)]
  private(set) var count = 0

  var byteCount: Int {
    leaves.reduce(leaves.capacity * MemoryLayout<Leaf>.stride) {
      $0 + $1.slots.capacity * MemoryLayout<PackedAttempt>.stride
    }
  }

  subscript(sequence: Sequence) -> AttemptState? {
    get {
      let leaf = leaves[leafIndex(sequence)]
      guard leaf.covers(sequence) else { return nil }
      let place = leaf.place(sequence)
      return leaf.holds(sequence, at: place) ? leaf.slots[place].state(sequence) : nil
    }
    set {
      if let newValue { set(newValue, for: sequence) } else { remove(sequence) }
    }
  }

  /// In ascending order.
  func forEach(_ body: (AttemptState) -> Void) {
    for leaf in leaves {
      for slot in leaf.slots { body(slot.state(leaf.base + UInt64(slot.offset))) }
    }
  }

  /// Into so many parts `take` divides it.
  static let partCount = 64

  /// Takes the table apart: asked for parts 0, 1 … in turn, each gives the next states in ascending
  /// order, and the last one what is left. So whoever works through a copy holds on to ever less of
  /// it.
  mutating func take(part: Int) -> [AttemptState] {
    let taken = (leaves.count + Self.partCount - part - 1) / (Self.partCount - part)
    let states = leaves[..<taken].flatMap { leaf in
      leaf.slots.map { $0.state(leaf.base + UInt64($0.offset)) }
    }
    leaves.removeFirst(taken)
    if leaves.first?.base != 0 { leaves.insert(Leaf(base: 0), at: 0) }
    count -= states.count
    return states
  }

  private func leafIndex(_ sequence: Sequence) -> Int {
    var low = 0
    var high = leaves.count
    while low < high {
      let middle = (low + high) / 2
      if leaves[middle].base <= sequence { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  private mutating func set(_ state: AttemptState, for sequence: Sequence) {
    var index = leafIndex(sequence)
    if !leaves[index].covers(sequence) {
      // Nothing of the one before can stand at or behind this base.
      let base = leaves[index].base
      index += 1
      leaves.insert(Leaf(base: base + ((sequence - base) >> 32) << 32), at: index)
    }
    var place = leaves[index].place(sequence)
    if leaves[index].holds(sequence, at: place) {
      leaves[index].slots[place] = PackedAttempt(state, offset: leaves[index].offset(sequence))
      return
    }
    if leaves[index].slots.count == Self.leafMax {
      if place == Self.leafMax {
        index += 1
        leaves.insert(Leaf(base: sequence), at: index)
      } else {
        split(index)
        if leaves[index + 1].base <= sequence { index += 1 }
      }
      place = leaves[index].place(sequence)
    }
    leaves[index].insert(state, at: place)
    count += 1
  }

  private mutating func split(_ index: Int) {
    let (base, slots) = (leaves[index].base, leaves[index].slots)
    let middle = slots.count / 2
    let upper = Leaf(base: base + UInt64(slots[middle].offset))
    leaves[index].fit(Array(slots[..<middle]))
    leaves.insert(upper, at: index + 1)
    leaves[index + 1].fit(rebased(slots[middle...], from: base, to: upper.base))
  }

  private mutating func remove(_ sequence: Sequence) {
    let index = leafIndex(sequence)
    guard leaves[index].covers(sequence) else { return }
    let place = leaves[index].place(sequence)
    guard leaves[index].holds(sequence, at: place) else { return }
    leaves[index].remove(at: place)
    count -= 1
    guard leaves[index].slots.count < Self.leafMin else { return }
    if index + 1 < leaves.count { merge(index) }
    if index > 0 { merge(index - 1) }
  }

  /// Puts a leaf and the one behind it together when both are small, or that one is empty.
  private mutating func merge(_ index: Int) {
    let (base, next) = (leaves[index].base, leaves[index + 1])
    guard next.slots.isEmpty || leaves[index].slots.count + next.slots.count <= 2 * Self.leafMin,
      next.slots.last.map({ leaves[index].covers(next.base + UInt64($0.offset)) }) ?? true
    else { return }
    leaves[index].fit(leaves[index].slots + rebased(next.slots[...], from: next.base, to: base))
    leaves.remove(at: index + 1)
  }

  private func rebased(
    _ slots: ArraySlice<PackedAttempt>, from old: Sequence, to new: Sequence
  ) -> [PackedAttempt] {
    slots.map { slot in
      var moved = slot
      moved.offset = UInt32(truncatingIfNeeded: old &+ UInt64(slot.offset) &- new)
      return moved
    }
  }
}
