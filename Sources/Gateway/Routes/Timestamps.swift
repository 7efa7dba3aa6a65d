/// Milliseconds since 1970 in the two spellings that are answered, without a calendar of the
/// system's, which would take locks and locales along.
enum Timestamps {
  /// RFC 3339 in UTC with milliseconds: `2026-11-24T08:00:00.000Z`.
  static func rfc3339(unixMs: UInt64) -> String {
    let time = civil(unixMs: unixMs)
    return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))T"
      + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
      + ".\(padded(unixMs % 1000, 3))Z"
  }

  /// RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func httpDate(unixMs: UInt64) -> String {
    let time = civil(unixMs: unixMs)
    // 1970-01-01 was a Thursday.
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    return "\(days[Int(unixMs / 86_400_000 % 7)]), \(padded(time.day, 2)) "
      + "\(months[Int(time.month) - 1]) \(padded(time.year, 4)) "
      + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2)) GMT"
  }

  private struct Civil {
    var year, month, day, hour, minute, second: UInt64
  }

  /// Howard Hinnant's `civil_from_days` (chrono-Compatible Low-Level Date Algorithms), for days
  /// since 1970 that are not negative.
  private static func civil(unixMs: UInt64) -> Civil {
    let seconds = unixMs / 1000
    let shifted = seconds / 86_400 + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return Civil(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * marchMonth + 2) / 5 + 1, hour: seconds / 3600 % 24,
      minute: seconds / 60 % 60, second: seconds % 60)
  }

  private static func padded(_ value: UInt64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
