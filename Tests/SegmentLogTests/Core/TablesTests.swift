import Testing

@testable import SegmentLog

@Suite("The tables of messages and destinations")
struct TablesTests {
  @Test("an attempt takes 32 bytes and comes back as it was set")
  func attemptState() {
    #expect(MemoryLayout<AttemptState>.stride <= 32)
    var state = AttemptState(sequence: 9)
    state.dueAtMs = 1_700_000_000_123
    state.status = 503
    state.note = NotePlace(segment: 77, frameOffset: 123_456)
    #expect(state.dueAtMs == 1_700_000_000_123)
    #expect(state.status == 503)
    #expect(state.note == NotePlace(segment: 77, frameOffset: 123_456))
    state.dueAtMs = .max
    #expect(state.status == 503)
    state.note = NotePlace(segment: 1 << 40, frameOffset: 1)
    #expect(state.note == nil)
  }

  @Test("the table of attempts does what a dictionary does")
  func attemptTable() {
    var random = SplitMix64(seed: 4)
    var table = AttemptTable()
    var plain: [Sequence: UInt32] = [:]
    for _ in 0..<20_000 {
      // Near each other, so that runs form and holes are closed in them.
      let sequence = UInt64.random(in: 1...600, using: &random) * 64 + 1
      if Bool.random(using: &random) {
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
    for index in UInt64(1)...600 {
      #expect(table[index * 64 + 1]?.count == plain[index * 64 + 1])
    }
    #expect(table[2] == nil)
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
