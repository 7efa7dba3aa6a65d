import Testing

@testable import Delivery

@Suite("The watch over the clocks")
struct ClockWatchTests {
  @Test("a step of the wall clock by more than 10 seconds is noticed once, in both directions")
  func steps() {
    var watch = ClockWatch()
    func look(_ seconds: Int64, _ wallMs: UInt64) -> Int64? {
      watch.look(Moment(monotonic: .seconds(seconds), wallMs: wallMs))
    }
    #expect(look(0, 1_000_000) == nil)
    #expect(look(60, 1_060_000) == nil)
    #expect(look(61, 1_071_000) == nil)
    #expect(look(62, 1_083_000) == 11_000)
    #expect(look(63, 1_084_000) == nil)
    #expect(look(64, 1_000_000) == -85_000)
  }
}
