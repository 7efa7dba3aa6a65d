import Glibc

/// The machine's clocks: CLOCK_BOOTTIME for waits, CLOCK_REALTIME for what people and files see.
package struct SystemClock: Clock {
  package init() {}

  package func monotonic() -> Duration {
    let time = read(CLOCK_BOOTTIME)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  package func wallMs() -> UInt64 {
    let time = read(CLOCK_REALTIME)
    // A clock before 1970 is a machine without a battery: 0 is as good as any.
    return UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(max(0, time.tv_nsec)) / 1_000_000
  }

  private func read(_ id: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(id, &time)
    return time
  }
}
