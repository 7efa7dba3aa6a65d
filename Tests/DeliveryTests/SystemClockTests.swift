import Delivery
import Testing

@Suite("The machine's clocks")
struct SystemClockTests {
  @Test("the monotonic one never goes back, the wall clock is past the day this was written")
  func clocks() {
    let clock = SystemClock()
    var last = clock.monotonic()
    for _ in 0..<1_000 {
      let now = clock.monotonic()
      #expect(now >= last)
      last = now
    }
    #expect(clock.wallMs() > 1_700_000_000_000)
  }
}
