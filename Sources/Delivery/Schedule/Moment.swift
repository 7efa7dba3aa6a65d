/// All clocks at one moment, read once and passed in, so that what decides runs no clock.
package struct Moment: Sendable, Equatable {
  /// See `Clock.monotonic`: all waits.
  package var monotonic: Duration
  /// See `Clock.wallMs`: absolute times.
  package var wallMs: UInt64
  /// See `Clock.logMs`: ages.
  package var logMs: UInt64

  /// - Parameter logMs: nil: as the wall clock.
  package init(monotonic: Duration, wallMs: UInt64, logMs: UInt64? = nil) {
    self.monotonic = monotonic
    self.wallMs = wallMs
    self.logMs = logMs ?? wallMs
  }
}

extension Clock {
  package func moment() -> Moment {
    Moment(monotonic: monotonic(), wallMs: wallMs(), logMs: logMs())
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, so that a wait never ends early; 0 for a negative duration,
  /// `UInt64.max` for one that does not fit.
  package var millisecondsRoundedUp: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let rest = UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
    let (sum, carried) = whole.addingReportingOverflow(rest)
    return overflow || carried ? .max : sum
  }

  /// Never overflows: a number of milliseconds that people can't mean is clamped to 10 000 years.
  package static func clamped(milliseconds: UInt64) -> Duration {
    .milliseconds(Int64(Swift.min(milliseconds, 315_576_000_000_000)))
  }
}
