import Testing

@testable import SegmentLog

@Suite("The index of numbers by their keys")
struct NumberIndexTests {
  @Test("it does what a dictionary does, also with keys that hash alike", arguments: [1, 64])
  func asDictionary(distinct: Int) {
    var random = SplitMix64(seed: 12)
    var index = NumberIndex()
    var keys: [UInt32: Int] = [:]
    func hash(_ key: Int) -> Int { key / distinct &* 0x1e37_79b9_7f4a_7c15 }
    for _ in 0..<20_000 {
      let number = UInt32.random(in: 0..<2000, using: &random)
      if let key = keys[number] {
        index.remove(number, hash: hash(key)) { hash(keys[$0] ?? 0) }
        keys[number] = nil
      } else {
        let key = Int(number) + 100_000
        keys[number] = key
        index.insert(number, hash: hash(key)) { hash(keys[$0] ?? 0) }
      }
    }
    #expect(index.count == keys.count)
    for number in UInt32(0)..<2000 {
      let key = Int(number) + 100_000
      let found = index.find(hash: hash(key)) { keys[$0] == key }
      #expect(found == (keys[number] == nil ? nil : number))
    }
  }
}
