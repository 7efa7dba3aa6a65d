import Delivery
import Synchronization

/// Time that a test moves by hand; both clocks move together unless only the wall is stepped.
final class SettableClock: Clock {
  private struct Times {
    var monotonic: Duration = .zero
    var wallMs: UInt64
  }
  private let times: Mutex<Times>

  init(wallMs: UInt64 = 1_790_000_000_000) { times = Mutex(Times(wallMs: wallMs)) }

  func monotonic() -> Duration { times.withLock { $0.monotonic } }
  func wallMs() -> UInt64 { times.withLock { $0.wallMs } }
  /// The machine never starts anew.
  var boot: String? { "test" }

  func advance(milliseconds: UInt64) {
    times.withLock {
      $0.monotonic += .milliseconds(milliseconds)
      $0.wallMs += milliseconds
    }
  }

  func stepWall(byMilliseconds step: Int64) {
    times.withLock { $0.wallMs = UInt64(max(0, Int64($0.wallMs) + step)) }
  }
}
