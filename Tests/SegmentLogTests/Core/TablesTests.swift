import Testing

@testable import SegmentLog

@Suite("The tables of messages and destinations")
struct TablesTests {
  @Test("an attempt comes back from the table as it was set, as far as it fits")
  func attemptState() {
    #expect(MemoryLayout<PackedAttempt>.stride == 28)
    var state = AttemptState(sequence: 9)
    state.dueAtMs = 1_700_000_000_123
    state.status = 503
    state.delayMs = .max
    state.count = .max
    state.note = NotePlace(segment: 1 << 28 - 1, frameOffset: 1 << 36 - 1)
    var table = AttemptTable()
    table[9] = state
    #expect(table[9] == state)
    state.dueAtMs = .max
    #expect(state.dueAtMs == 1 << 48 - 1)
    state.note = NotePlace(segment: 1 << 40, frameOffset: 1)
    #expect(state.note == nil)
    table[9] = state
    #expect(table[9] == state)
  }

  @Test(
    "the table of attempts does what a dictionary does",
    arguments: [
      1...4000, 1...60_000, 1 << 32 - 2000...1 << 32 + 2000,
    ] as [ClosedRange<UInt64>])
  func attemptTable(range: ClosedRange<UInt64>) {
    var random = SplitMix64(seed: 4)
    var table = AttemptTable()
    var plain: [Sequence: UInt32] = [:]
    // Waves of more and less, so that leaves are split and put together again.
    for step in 0..<60_000 {
      var sequence = UInt64.random(in: range, using: &random)
      if step % 100 == 0 { sequence <<= UInt64.random(in: 0...15, using: &random) }
      let adds = step / 10_000 % 2 == 0 ? 3 : 1
      if Int.random(in: 0..<4, using: &random) < adds {
        var state = AttemptState(sequence: sequence)
        state.count = UInt32.random(in: 1...9, using: &random)
        table[sequence] = state
        plain[sequence] = state.count
      } else {
        table[sequence] = nil
        plain[sequence] = nil
      }
    }
    #expect(table.count == plain.count)
    #expect(plain.allSatisfy { table[$0.key]?.count == $0.value })
    #expect(table[.max] == nil)
    var inOrder: [Sequence] = []
    table.forEach { inOrder.append($0.sequence) }
    #expect(inOrder == plain.keys.sorted())
    for sequence in inOrder.reversed() { table[sequence] = nil }
    #expect(table.count == 0)
    #expect(table.byteCount <= 1 << 16)
  }

  @Test(
    "an attempted message takes 32 bytes at most, in order or not, also when most have ended",
    arguments: [1, 7, 997] as [UInt64])
  func attemptBytes(step: UInt64) {
    var table = AttemptTable()
    let all: UInt64 = 50_000
    for number in 0..<all {
      let sequence = number * step % all + 1
      table[sequence] = AttemptState(sequence: sequence)
    }
    #expect(table.count == Int(all))
    #expect(table.byteCount <= 32 * table.count)
    for sequence in 1...all where sequence % 50 != 0 { table[sequence] = nil }
    #expect(table.count == Int(all) / 50)
    #expect(table.byteCount <= 34 * table.count)
  }

  @Test("a copy of the table of attempts keeps what it was")
  func attemptCopy() {
    var table = AttemptTable()
    for sequence in UInt64(1)...5000 { table[sequence] = AttemptState(sequence: sequence) }
    let copy = table
    for sequence in UInt64(1)...5000 { table[sequence] = nil }
    #expect(table.count == 0)
    #expect(copy.count == 5000)
    #expect((UInt64(1)...5000).allSatisfy { copy[$0] != nil })
  }

  @Test(
    "a table of attempts comes apart in order, whatever its size", arguments: [0, 1, 700, 90_000])
  func attemptParts(count: Int) {
    var table = AttemptTable()
    for number in 0..<count {
      table[UInt64(number + 7)] = AttemptState(sequence: UInt64(number + 7))
    }
    let states = (0..<AttemptTable.partCount).flatMap { table.take(part: $0) }
    #expect(states.map(\.sequence) == (0..<count).map { UInt64($0 + 7) })
    #expect(table.count == 0)
    table[3] = AttemptState(sequence: 3)
    #expect(table[3] != nil)
  }

  @Test("the UUID index finds every sequence of a key, and drops stale ones when it needs room")
  func index() {
    var index = UUIDIndex()
    var random = SplitMix64(seed: 6)
    let keys = (0..<4000).map { _ in
      UUIDKey(high: random.next(), low: random.next() % 2000)
    }
    for (number, key) in keys.enumerated() { index.insert(key, UInt64(number + 1)) }
    for (number, key) in keys.enumerated() {
      #expect(index.candidates(key).contains(UInt64(number + 1)))
    }
    #expect(index.count == 4000)
    for key in keys { index.makeRoom(for: key) { $0 <= 3000 } }
    #expect(index.count == 1000)
    #expect(index.candidates(keys[3500]).contains(3501))
    #expect(!index.candidates(keys[10]).contains(11))
  }

  @Test("the UUID index takes many at once as it takes each, with and without room for them")
  func indexBatches() {
    var random = SplitMix64(seed: 9)
    let entries = (UInt64(1)...20_000).map { number in
      UUIDIndex.Entry(
        key: UUIDKey(high: random.next(), low: random.next() % 5000), sequence: number)
    }
    var single = UUIDIndex()
    for entry in entries { single.insert(entry.key, entry.sequence) }
    for reserved in [0, 1000, 20_000] {
      var index = UUIDIndex()
      if reserved > 0 { index.reserve(reserved) }
      for start in stride(from: 0, to: entries.count, by: 700) {
        index.insert(Array(entries[start..<min(start + 700, entries.count)]))
      }
      #expect(index.count == entries.count)
      for entry in entries {
        #expect(Set(index.candidates(entry.key)) == Set(single.candidates(entry.key)))
      }
    }
  }

  @Test("a message takes 16 bytes of the UUID index at most, whatever their number")
  func indexBytes() {
    var index = UUIDIndex()
    var random = SplitMix64(seed: 8)
    var worst = 0.0
    for number in UInt64(1)...200_000 {
      index.insert(UUIDKey(high: random.next(), low: random.next()), number)
      if number > 20_000, number % 1000 == 0 {
        worst = max(worst, Double(index.byteCount) / Double(number))
      }
    }
    #expect(worst <= 16)
  }

  @Test("the UUID index holds sequences up to the largest there can be")
  func largestSequence() {
    var index = UUIDIndex()
    let key = UUIDKey(high: 1, low: .max)
    index.insert(key, FormatLimits.sequenceMax - 1)
    #expect(index.candidates(key) == [FormatLimits.sequenceMax - 1])
    #expect(index.candidates(UUIDKey(high: 1, low: 7)).isEmpty)
  }

  @Test("a destination keeps its number while something uses it, then the number is free")
  func destinations() {
    var table = DestinationTable()
    let first = table.use("http://a:80")
    #expect(table.use("http://a:80") == first)
    let second = table.use("http://b:80")
    #expect(second != first)
    table.release(first)
    #expect(table.id("http://a:80") == first)
    table.release(first)
    #expect(table.id("http://a:80") == nil)
    #expect(table.use("http://c:80") == first)
  }

  @Test("a number read from the log is kept when it is free, and can't make the table huge")
  func wantedNumbers() {
    var table = DestinationTable()
    #expect(table.use("http://a:80", wanted: 5, limit: 100) == 5)
    #expect(table.use("http://b:80", wanted: 5, limit: 100) != 5)
    #expect(table.use("http://c:80", wanted: 4_000_000_000, limit: 100) < 6)
    #expect(table.use("http://a:80", wanted: 9, limit: 100) == 5)
  }
}
