/// Time as it is passed in. Waits use `monotonic` (CLOCK_BOOTTIME: goes on while the machine
/// sleeps, never steps); only an absolute `NotBefore` and what is shown to people look at `wallMs`;
/// ages look at `logMs`.
package protocol Clock: Sendable {
  /// Since an arbitrary start.
  func monotonic() -> Duration
  /// The same in whole milliseconds.
  func uptimeMs() -> UInt64
  /// Milliseconds since 1970.
  func wallMs() -> UInt64
  /// The log's own time, milliseconds: `LogClock`. Where there is no log it is the wall clock's.
  func logMs() -> UInt64
  /// Which start of the machine `monotonic` counts from; nil: not known.
  var boot: String? { get }
}

extension Clock {
  package func logMs() -> UInt64 { wallMs() }

  package func uptimeMs() -> UInt64 {
    let (seconds, attoseconds) = monotonic().components
    return UInt64(max(0, seconds)) * 1000 + UInt64(max(0, attoseconds)) / 1_000_000_000_000_000
  }
  package var boot: String? { nil }

  /// A time of the log as people read it: as long ago as it is, by what the wall clock says now.
  package func wallMs(ofLogMs time: UInt64) -> UInt64 {
    let offset = Int64(clamping: wallMs()) - Int64(clamping: logMs())
    // Where the two go together nothing is moved, so that what is shown doesn't change by a rounding.
    guard abs(offset) >= 1000 else { return time }
    return UInt64(max(0, Int64(clamping: time).addingReportingOverflow(offset).partialValue))
  }

  /// A time of the wall clock as the log would count it.
  package func logMs(ofWallMs time: UInt64) -> UInt64 {
    let offset = Int64(clamping: wallMs()) - Int64(clamping: logMs())
    guard abs(offset) >= 1000 else { return time }
    return UInt64(max(0, Int64(clamping: time).subtractingReportingOverflow(offset).partialValue))
  }
}
