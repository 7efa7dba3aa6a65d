import NIOCore
import Testing

@testable import Gateway

@Suite("The longest idle connection")
struct LongestIdleTests {
  private func time(_ seconds: Int) -> NIODeadline {
    .uptimeNanoseconds(1) + .seconds(Int64(seconds))
  }

  @Test("they are found in the order of their silence, with one look at all for many")
  func order() {
    var idle = Dictionary(uniqueKeysWithValues: (0..<1000).map { ($0, time(7 * $0 % 1000)) })
    var finder = LongestIdle<Int>()
    var looks = 0
    for expected in 0..<1000 {
      let found = finder.find(among: Array(idle.keys)) { key in
        looks += 1
        return idle[key]
      }
      #expect(found?.since == time(expected))
      if let found { idle[found.key] = nil }
    }
    #expect(finder.find(among: Array(idle.keys)) { idle[$0] } == nil)
    // Each time all of them would be half a million.
    #expect(looks < 50_000)
  }

  @Test("who has spoken meanwhile is passed over")
  func spoken() {
    var idle = [1: time(1), 2: time(2), 3: time(3)]
    var finder = LongestIdle<Int>()
    #expect(finder.find(among: [1, 2, 3]) { idle[$0] }?.key == 1)
    idle[1] = time(9)
    idle[2] = nil
    #expect(finder.find(among: [1, 2, 3]) { idle[$0] }?.key == 3)
    idle[3] = time(10)
    #expect(finder.find(among: [1, 2, 3]) { idle[$0] }?.key == 1)
  }
}
