/// An optional time in 8 bytes instead of 24: there may be very many destinations, with several
/// times each. In whole nanoseconds, rounded up; times beyond 292 years are cut to that.
@propertyWrapper
struct CompactTime: Sendable {
  private var nanoseconds: Int64

  init(wrappedValue: Duration?) { nanoseconds = Self.nanoseconds(wrappedValue) }

  var wrappedValue: Duration? {
    get { nanoseconds == .max ? nil : .nanoseconds(nanoseconds) }
    set { nanoseconds = Self.nanoseconds(newValue) }
  }

  /// nil is the largest number, so that it is later than any time.
  static func nanoseconds(_ time: Duration?) -> Int64 {
    guard let (seconds, attoseconds) = time?.components else { return .max }
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max - 1 }
    let part = attoseconds / 1_000_000_000 + (attoseconds % 1_000_000_000 > 0 ? 1 : 0)
    let (sum, carried) = whole.addingReportingOverflow(part)
    return carried ? (seconds < 0 ? .min : .max - 1) : min(sum, .max - 1)
  }
}

/// An optional number in 8 bytes instead of 16. The largest one stands for nil.
@propertyWrapper
struct CompactNumber: Sendable {
  private var number: UInt64

  init(wrappedValue: UInt64?) { number = wrappedValue ?? .max }

  var wrappedValue: UInt64? {
    get { number == .max ? nil : number }
    set { number = newValue ?? .max }
  }
}
