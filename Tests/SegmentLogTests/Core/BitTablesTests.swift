import Testing

@testable import SegmentLog

@Suite("The tables of a few bits")
struct BitTablesTests {
  @Test("a bitmap holds what was set, across words")
  func bitmap() {
    var random = SplitMix64(seed: 3)
    var bitmap = Bitmap()
    var plain: [Bool] = []
    for _ in 0..<200 {
      let value = Bool.random(using: &random)
      let times = Int.random(in: 0...130, using: &random)
      bitmap.append(value, times: times)
      plain += Array(repeating: value, count: times)
      if !plain.isEmpty {
        let index = Int.random(in: 0..<plain.count, using: &random)
        bitmap[index].toggle()
        plain[index].toggle()
        let from = Int.random(in: 0..<plain.count, using: &random)
        #expect(bitmap.first(true, from: from) == plain[from...].firstIndex(of: true))
        #expect(bitmap.first(false, from: from) == plain[from...].firstIndex(of: false))
      }
    }
    #expect(bitmap.count == plain.count)
    #expect(plain.indices.allSatisfy { bitmap[$0] == plain[$0] })
    #expect(bitmap.first(true, from: plain.count) == nil)
  }

  @Test("a packed array widens without losing anything, and takes nothing while all is zero")
  func packedArray() {
    var array = PackedArray()
    for index in 0..<10_000 { array[index] = 0 }
    #expect(array.byteCount == 0)
    #expect(array[123_456] == 0)

    var random = SplitMix64(seed: 9)
    var plain: [Int: UInt32] = [:]
    for bits in [1, 2, 3, 7, 9, 20, 32] {
      for _ in 0..<50 {
        let index = Int.random(in: 0..<5000, using: &random)
        let value = UInt32(truncatingIfNeeded: random.next() >> UInt64(64 - bits))
        array[index] = value
        plain[index] = value
      }
      #expect((0..<5000).allSatisfy { array[$0] == plain[$0, default: 0] })
    }
  }

  @Test("one bit a message is enough for one kind of ending")
  func packedSize() {
    var array = PackedArray()
    for index in 0..<64_000 { array[index] = 1 }
    #expect(array.byteCount <= 16_000)
  }
}
