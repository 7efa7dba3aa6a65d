import Testing

@testable import Delivery

@Suite("Receivers that limit the rate")
struct RateLimitTests {
  /// What a receiver with a limit of `rate` calls in each second saw in `seconds` seconds.
  private func run(rate: Int, seconds: Int, retryAfter: Bool) -> (calls: Int, delivered: Int) {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a", "b")
    world.arrive(4000, at: "a")
    var (calls, delivered) = (0, 0)
    for _ in 0..<seconds {
      var left = rate
      for _ in 0..<100 {
        for number in world.start() {
          calls += 1
          if left > 0 {
            left -= 1
            delivered += 1
            world.end(number, .success)
          } else {
            world.retry(
              number, after: .seconds(2), .limited, hold: retryAfter ? .seconds(1) : nil)
          }
        }
        world.pass(.milliseconds(10))
      }
    }
    return (calls, delivered)
  }

  @Test(
    "one that allows so many calls a second gets about as many, and delivers most of them",
    arguments: [2, 10, 50], [true, false])
  func rate(rate: Int, retryAfter: Bool) {
    let (calls, delivered) = run(rate: rate, seconds: 100, retryAfter: retryAfter)
    #expect(calls < rate * 100 * 115 / 100 + 100, "\(calls) calls")
    #expect(delivered > rate * 100 * 60 / 100, "\(delivered) delivered of \(calls) calls")
  }

  @Test("a 429 lowers what is in flight at once")
  func inFlight() {
    var world = ScheduleWorld(worker: 64)
    world.warmUp("a")
    world.arrive(1000, at: "a")
    #expect(world.start().count == 64)
    for number in world.flying("a").prefix(32) { world.retry(number, after: .seconds(2), .limited) }
    world.pass(.milliseconds(200))
    #expect(world.start().count == 1)
    #expect(world.start() == [])
  }
}
