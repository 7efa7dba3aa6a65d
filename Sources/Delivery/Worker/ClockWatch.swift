/// Notices when the wall clock is set: it should go as fast as the monotonic one.
struct ClockWatch {
  /// Smaller differences are what a time service corrects all day.
  private static let noticeableMs: Int64 = 10_000
  private var offsetMs: Int64?

  /// - Returns: by how many milliseconds the wall clock was set since the last look, if it is worth
  ///   a line.
  mutating func look(_ now: Moment) -> Int64? {
    let wallMs = Int64(clamping: now.wallMs)
    let offset = wallMs - Int64(clamping: now.monotonic.millisecondsRoundedUp)
    defer { offsetMs = offset }
    guard let offsetMs, abs(offset - offsetMs) > Self.noticeableMs else { return nil }
    return offset - offsetMs
  }
}
