/// A value for each sequence from `from` on, in bounded memory: chunks of it exist where something
/// was set. When they become too many the highest are given up, and the window ends before them; a
/// further pass, with a window that begins where this one ends, sees to the rest. So what a window
/// says is exact, whatever the size of the log and in whatever order its files are read.
package struct SequenceWindow<Cell: Sendable>: Sendable {
  package static var chunkSize: Int { 4096 }

  package let from: Sequence
  /// Behind the last sequence that the window holds; .max when it holds all.
  package private(set) var upper: Sequence = .max
  private let empty: Cell
  private let chunksMax: Int
  private var chunks: [[Cell]] = []
  private var slots: [UInt64: Int] = [:]
  private var unused: [Int] = []
  /// The chunk that was asked for last: what is set lies close together.
  private var last: (number: UInt64, slot: Int)?

  /// `bytesMax`: of all chunks together.
  package init(from: Sequence, empty: Cell, bytesMax: Int) {
    self.from = from
    self.empty = empty
    chunksMax = max(bytesMax / (Self.chunkSize * MemoryLayout<Cell>.stride), 2)
  }

  package func holds(_ sequence: Sequence) -> Bool { sequence >= from && sequence < upper }

  package subscript(sequence: Sequence) -> Cell {
    guard holds(sequence), let slot = slots[Self.number(sequence)] else { return empty }
    return chunks[slot][Self.index(sequence)]
  }

  /// Sequences outside of the window are left out.
  package mutating func update(_ sequence: Sequence, _ change: (inout Cell) -> Void) {
    guard holds(sequence), let slot = slot(Self.number(sequence)) else { return }
    change(&chunks[slot][Self.index(sequence)])
  }

  /// The same for `count` sequences from `first` on.
  package mutating func update(
    first: Sequence, count: Int, _ change: (inout Cell) -> Void
  ) {
    guard count > 0 else { return }
    var next = max(first, from)
    let (sum, overflow) = first.addingReportingOverflow(UInt64(count))
    let end = overflow ? Sequence.max : sum
    while next < min(end, upper) {
      guard let slot = slot(Self.number(next)) else { return }
      let stop = min(end, upper, Self.end(ofChunk: Self.number(next)))
      let range = Self.index(next)..<Self.index(next) + Int(stop - next)
      // Whether the chunk is shared is asked once, not for every cell.
      chunks[slot].withUnsafeMutableBufferPointer { cells in
        for index in range { change(&cells[index]) }
      }
      next = stop
    }
  }

  /// How many cells of the window are such, among the sequences of `range`.
  package func count(in range: ClosedRange<Sequence>, where isMatch: (Cell) -> Bool) -> UInt64 {
    var count: UInt64 = 0
    forEach(in: range) { if isMatch($0) { count += 1 } }
    return count
  }

  /// Every cell of `range` in which something was set, and some in which nothing was.
  package func forEach(in range: ClosedRange<Sequence>, _ body: (Cell) -> Void) {
    forEachChunk(in: range) { cells, _ in
      for cell in cells { body(cell) }
    }
  }

  /// Runs of sequences in `range` and in the window whose cells are such, in ascending order. Where
  /// nothing was set the cells are empty.
  package func forEachRun(
    in range: ClosedRange<Sequence>, where isMatch: (Cell) -> Bool,
    _ body: (ClosedRange<Sequence>) -> Void
  ) {
    guard let range = part(of: range) else { return }
    var run: ClosedRange<Sequence>?
    func add(_ first: Sequence, _ last: Sequence) {
      if let open = run, open.upperBound + 1 == first {
        run = open.lowerBound...last
      } else {
        if let run { body(run) }
        run = first...last
      }
    }
    let emptyMatches = isMatch(empty)
    var next = range.lowerBound
    forEachChunk(in: range) { cells, first in
      if first > next && emptyMatches { add(next, first - 1) }
      for (index, cell) in zip(cells.indices, cells) where isMatch(cell) {
        let sequence = first + UInt64(index - cells.startIndex)
        add(sequence, sequence)
      }
      next = first + UInt64(cells.count)
    }
    if next <= range.upperBound && emptyMatches { add(next, range.upperBound) }
    if let run { body(run) }
  }

  private func part(of range: ClosedRange<Sequence>) -> ClosedRange<Sequence>? {
    let low = max(range.lowerBound, from)
    let high = min(range.upperBound, upper - 1)
    return low <= high ? low...high : nil
  }

  /// The existing chunks' parts of `range`, in ascending order, with the sequence of the first cell.
  private func forEachChunk(
    in range: ClosedRange<Sequence>, _ body: (ArraySlice<Cell>, Sequence) -> Void
  ) {
    guard let range = part(of: range) else { return }
    let numbers = Self.number(range.lowerBound)...Self.number(range.upperBound)
    for number in slots.keys.filter(numbers.contains).sorted() {
      guard let slot = slots[number] else { continue }
      let start = number * UInt64(Self.chunkSize)
      let first = max(start, range.lowerBound)
      let last = min(start + UInt64(Self.chunkSize - 1), range.upperBound)
      body(chunks[slot][Int(first - start)...Int(last - start)], first)
    }
  }

  private static func number(_ sequence: Sequence) -> UInt64 { sequence / UInt64(chunkSize) }
  /// Behind its last sequence; .max, which is no sequence, for the highest chunk of all.
  private static func end(ofChunk number: UInt64) -> Sequence {
    let (end, overflow) = (number + 1).multipliedReportingOverflow(by: UInt64(chunkSize))
    return overflow ? .max : end
  }
  private static func index(_ sequence: Sequence) -> Int { Int(sequence % UInt64(chunkSize)) }

  /// nil: there is no room for a chunk as high as this.
  private mutating func slot(_ number: UInt64) -> Int? {
    if let last, last.number == number { return last.slot }
    if let slot = slots[number] {
      last = (number, slot)
      return slot
    }
    if slots.count == chunksMax { giveUpHighest() }
    guard number < upper / UInt64(Self.chunkSize) || upper == .max else { return nil }
    let fresh = [Cell](repeating: empty, count: Self.chunkSize)
    let slot: Int
    if let free = unused.popLast() {
      chunks[free] = fresh
      slot = free
    } else {
      chunks.append(fresh)
      slot = chunks.count - 1
    }
    slots[number] = slot
    last = (number, slot)
    return slot
  }

  /// Half of them at once, so that looking for the highest costs little per chunk.
  private mutating func giveUpHighest() {
    let numbers = slots.keys.sorted()
    let kept = numbers.count / 2
    upper = numbers[kept] * UInt64(Self.chunkSize)
    for number in numbers[kept...] {
      if let slot = slots.removeValue(forKey: number) {
        chunks[slot] = []
        unused.append(slot)
      }
    }
    last = nil
  }
}
