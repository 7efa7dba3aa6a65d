import Glibc

/// Wall clock times as log lines and the sink show them.
enum UTCTime {
  /// RFC 3339 with milliseconds: `2026-11-24T08:00:00.000Z`.
  static func text(unixMs: UInt64) -> String {
    var seconds = time_t(clamping: unixMs / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
      + "T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
      + ".\(padded(Int32(unixMs % 1000), to: 3))Z"
  }

  /// Milliseconds since 1970.
  static func nowMs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }

  private static func padded(_ number: Int32, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
