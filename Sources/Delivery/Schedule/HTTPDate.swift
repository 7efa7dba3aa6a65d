/// Reads an HTTP-date (RFC 9110 §5.6.7) in its three forms. Field values come from strangers: any
/// input is answered, nothing is allocated beyond its size.
package enum HTTPDate {
  /// Milliseconds since 1970; nil when `text` is not an HTTP-date or lies before 1970.
  /// `nowMs` decides the century of the obsolete two-digit year: the RFC takes one that appears to
  /// be more than 50 years ahead as the past.
  package static func parse(_ text: String, nowMs: UInt64) -> UInt64? {
    // Longest real one: "Wednesday, 09-Nov-94 08:49:37 GMT".
    guard text.utf8.count <= 40 else { return nil }
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "," })
    switch parts.count {
    case 6 where text.contains(","):  // Sun, 06 Nov 1994 08:49:37 GMT
      guard parts[5] == "GMT", parts[1].utf8.count == 2, parts[3].utf8.count == 4 else {
        return nil
      }
      return milliseconds(day: parts[1], month: parts[2], year: number(parts[3]), time: parts[4])
    case 4 where text.contains(","):  // Sunday, 06-Nov-94 08:49:37 GMT
      let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
      guard parts[3] == "GMT", date.count == 3, date[2].utf8.count == 2,
        let short = number(date[2])
      else { return nil }
      let year = fullYear(short, nowMs: nowMs)
      return milliseconds(day: date[0], month: date[1], year: year, time: parts[2])
    case 5:  // Sun Nov  6 08:49:37 1994
      guard parts[4].utf8.count == 4 else { return nil }
      return milliseconds(day: parts[2], month: parts[1], year: number(parts[4]), time: parts[3])
    default:
      return nil
    }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func milliseconds(
    day: Substring, month: Substring, year: Int?, time: Substring
  ) -> UInt64? {
    let clock = time.split(separator: ":", omittingEmptySubsequences: false)
    guard let year, year >= 1970, let day = number(day), (1...31).contains(day),
      let month = months.firstIndex(where: { $0 == month }),
      clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
      let hour = number(clock[0]), hour < 24, let minute = number(clock[1]), minute < 60,
      // 60 is a leap second.
      let second = number(clock[2]), second <= 60
    else { return nil }
    let days = daysSince1970(year: year, month: month + 1, day: day)
    return UInt64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
  }

  private static func number(_ digits: Substring) -> Int? {
    guard (1...4).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(digits)
  }

  private static func fullYear(_ short: Int, nowMs: UInt64) -> Int {
    // The mean Gregorian year is exact enough to tell a century.
    let thisYear = 1970 + Int(min(nowMs / 31_556_952_000, 8000))
    let candidate = thisYear - thisYear % 100 + short
    return candidate > thisYear + 50 ? candidate - 100 : candidate
  }

  /// Howard Hinnant's `days_from_civil` (chrono-compatible low-level date algorithms), for years
  /// from 1970.
  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
