/// How fast calls may begin: unlimited until something asks for care.
///
/// After a recovery it starts softly and doubles per round trip, half a second at least: whoever was
/// just down must not be met by everything that waits for it. After a 429 it is cut to the share that
/// was let through, and grows slowly from then on, since the limit is known to be near (additive
/// increase, multiplicative decrease).
struct Pace {
  /// Calls a second.
  private static let soft = 16.0
  private static let afterFirstLimit = 10.0
  private static let least = 1.0 / 60
  /// Faster than this is as good as unlimited.
  private static let most = 4096.0
  /// What may be made up for when a wake-up came late.
  private static let late: Duration = .milliseconds(20)
  /// Between two changes; most limits count by the second.
  private static let doublesEvery: Duration = .milliseconds(500)
  private static let changesEvery: Duration = .seconds(1)

  private var rate = Double.infinity
  /// A limit was met, and calls below it succeeded.
  private(set) var isCautious = false
  /// What came of calls that began after the last change.
  private var succeeded: UInt32 = 0
  private var limited: UInt32 = 0
  @CompactTime private var nextAt: Duration?
  @CompactTime private var changedAt: Duration?
  /// The last call that had begun when the rate was changed.
  private var changedID: UInt64 = 0

  var isOff: Bool { rate == .infinity }
  var opensAt: Duration? { isOff ? nil : nextAt }

  mutating func startSoftly(at now: Duration, after latestID: UInt64) {
    isCautious = false
    set(Self.soft, at: now, after: latestID)
  }

  mutating func began(at now: Duration) {
    guard !isOff else { return }
    let from = max(nextAt ?? now, now - Self.late)
    nextAt = from + .nanoseconds(Int64(1_000_000_000 / rate))
  }

  mutating func ended(well id: UInt64, at now: Duration, after latestID: UInt64) {
    guard !isOff, id > changedID else { return }
    succeeded &+= 1
    guard isLongEnough(isCautious || limited > 0 ? Self.changesEvery : Self.doublesEvery, now)
    else { return }
    if limited > 0 {
      cut(at: now, after: latestID)
    } else {
      set(isCautious ? rate + max(rate, 1) / 20 : rate * 2, at: now, after: latestID)
    }
  }

  /// The answer was 429. Calls that had begun before the last change say nothing new.
  /// - Returns: whether the rate was cut.
  mutating func wasLimited(_ id: UInt64, at now: Duration, after latestID: UInt64) -> Bool {
    if isOff {
      isCautious = false
      set(Self.afterFirstLimit, at: now, after: latestID)
      return true
    }
    guard id > changedID else { return false }
    limited &+= 1
    guard isLongEnough(Self.changesEvery, now) else { return false }
    cut(at: now, after: latestID)
    return true
  }

  private func isLongEnough(_ wait: Duration, _ now: Duration) -> Bool {
    changedAt.map { now - $0 >= wait } ?? true
  }

  /// To a little less than the share that was let through.
  private mutating func cut(at now: Duration, after latestID: UInt64) {
    let share = Double(succeeded) / (Double(succeeded) + Double(limited))
    if succeeded > 0 { isCautious = true }
    set(max(rate * max(0.5, 0.95 * share), Self.least), at: now, after: latestID)
  }

  private mutating func set(_ rate: Double, at now: Duration, after latestID: UInt64) {
    self.rate = rate > Self.most ? .infinity : rate
    (succeeded, limited) = (0, 0)
    changedAt = now
    changedID = latestID
    if isOff {
      isCautious = false
    } else if let nextAt {
      // An appointment that was made at the old rate.
      self.nextAt = min(nextAt, now + .nanoseconds(Int64(1_000_000_000 / rate)))
    }
  }
}
