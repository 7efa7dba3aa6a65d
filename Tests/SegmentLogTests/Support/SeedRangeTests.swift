import Testing

@Suite("Which seeds a random test runs")
struct SeedRangeTests {
  @Test("a number is that many from 1 on; a range is what it says")
  func reading() {
    #expect(SeedRange("20000")?.seeds == 1...20_000)
    #expect(SeedRange("7-9")?.seeds == 7...9)
    #expect(SeedRange("7-7")?.seeds == 7...7)
    for text in ["", "0", "-", "5-", "-5", "9-7", "1-2-3", "many"] {
      #expect(SeedRange(text) == nil, "\(text)")
    }
  }

  @Test("the shares of a range are every seed once", arguments: [1, 5, 64, 1000])
  func shares(count: UInt64) {
    let range = SeedRange(first: 11, last: 10 + count)
    let all = (0..<64).flatMap { Array(range.share($0, of: 64)) }
    #expect(all.sorted() == Array(range.seeds))
  }
}
