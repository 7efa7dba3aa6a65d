import Testing

@testable import Delivery

@Suite("The list of wake-ups")
struct WakeListTests {
  @Test("the earliest registration of a destination counts, once")
  func earliest() {
    var wakes = WakeList()
    wakes.register(3, at: .seconds(5))
    wakes.register(3, at: .seconds(9))
    wakes.register(900, at: .seconds(7))
    wakes.register(3, at: .seconds(4))
    #expect(wakes.earliest == .seconds(4))
    #expect(wakes.popDue(at: .seconds(3)) == nil)
    #expect(wakes.popDue(at: .seconds(6)) == 3)
    #expect(wakes.popDue(at: .seconds(6)) == nil)
    #expect(wakes.earliest == .seconds(7))
    wakes.forget(900)
    #expect(wakes.popDue(at: .seconds(8)) == nil)
    #expect(wakes.earliest == nil)
  }

  @Test("what lost its meaning doesn't pile up")
  func rebuilt() {
    var wakes = WakeList()
    for time in (0..<100_000).reversed() { wakes.register(time % 10, at: .milliseconds(time)) }
    var woken: [Int] = []
    while let destination = wakes.popDue(at: .seconds(200)) { woken.append(destination) }
    #expect(woken == Array(0..<10))
  }
}
