import Testing

@testable import Delivery

@Suite("Optional times and numbers in eight bytes")
struct CompactTests {
  private struct Held {
    @CompactTime var time: Duration?
    @CompactNumber var number: UInt64?
  }

  @Test("they come back as they were set")
  func roundTrip() {
    #expect(MemoryLayout<Held>.size == 16)
    var held = Held()
    #expect(held.time == nil)
    #expect(held.number == nil)
    for time: Duration in [.zero, .nanoseconds(1), .seconds(1_000_000), .milliseconds(-5)] {
      held.time = time
      #expect(held.time == time)
    }
    held.number = 0
    #expect(held.number == 0)
    held.time = nil
    held.number = nil
    #expect(held.time == nil)
    #expect(held.number == nil)
  }

  @Test("a time is never made earlier, except that the end of the world comes after 292 years")
  func limits() {
    var held = Held()
    held.time = Duration(secondsComponent: 3, attosecondsComponent: 1)
    #expect(held.time == .seconds(3) + .nanoseconds(1))
    held.time = .clamped(milliseconds: .max)
    #expect(held.time == .nanoseconds(Int64.max - 1))
    held.time = .seconds(Int64.min)
    #expect(held.time == .nanoseconds(Int64.min))
  }
}
