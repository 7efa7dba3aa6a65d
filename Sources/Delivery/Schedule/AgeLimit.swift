/// A message's limit of time, by the wall clock.
enum AgeLimit {
  /// Milliseconds since 1970 at which an age of `limitMs` is reached; nil = never (0 is no limit).
  static func expiryMs(ageFromMs: UInt64, limitMs: UInt64) -> UInt64? {
    guard limitMs != 0 else { return nil }
    let (expiry, overflow) = ageFromMs.addingReportingOverflow(limitMs)
    return overflow ? nil : expiry
  }
}

extension Waiting {
  /// - Parameter common: the limit of messages without one of their own, ms; 0 = none.
  func expiryMs(common: UInt64) -> UInt64? {
    AgeLimit.expiryMs(ageFromMs: ageFromMs, limitMs: maxAgeMs ?? common)
  }
}

extension PendingEntry {
  /// nil when it has no limit of its own.
  var ownExpiryMs: UInt64? {
    maxAgeMs.flatMap { AgeLimit.expiryMs(ageFromMs: ageFromMs, limitMs: $0) }
  }

  func expiryMs(common: UInt64) -> UInt64? {
    AgeLimit.expiryMs(ageFromMs: ageFromMs, limitMs: maxAgeMs ?? common)
  }
}

/// A message that ends without an attempt: it is recorded as dead, and none is charged.
package struct Expired: Sendable, Equatable {
  package enum Cause: Sendable, Equatable {
    /// It reached its limit of time while it waited.
    case age
    /// The process ended by itself while it was being attempted, again and again.
    case endedTheProcess
  }

  package let cause: Cause
  package let message: Waiting
  package let origin: Origin
  package let grant: LaneGrant
}
