import Glibc

/// The machine's clocks: CLOCK_BOOTTIME for waits, CLOCK_REALTIME for what people and files see.
package struct SystemClock: Clock {
  package init() {}

  package func monotonic() -> Duration {
    let time = read(CLOCK_BOOTTIME)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  package func uptimeMs() -> UInt64 {
    let time = read(CLOCK_BOOTTIME)
    return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
  }

  package func wallMs() -> UInt64 {
    let time = read(CLOCK_REALTIME)
    // A clock before 1970 is a machine without a battery: 0 is as good as any.
    return UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(max(0, time.tv_nsec)) / 1_000_000
  }

  /// The kernel makes one up at each start of the machine; a container has its host's.
  package var boot: String? { Self.bootID }

  private static let bootID: String? = {
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 36)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    return count == bytes.count ? String(decoding: bytes, as: UTF8.self) : nil
  }()

  private func read(_ id: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(id, &time)
    return time
  }
}
