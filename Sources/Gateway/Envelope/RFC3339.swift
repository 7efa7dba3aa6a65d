/// Times as in `2026-11-24T08:00:00.250+01:00`.
enum RFC3339 {
  /// Milliseconds since 1970, 0 for what lies before; nil where `text` is not a time of RFC 3339
  /// §5.6. Part of a millisecond counts as a whole one, so that nothing happens too early; second
  /// 60 (a leap second) is the first of the next minute.
  static func unixMs(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
    var scanner = Scanner(text: text)
    guard let year = scanner.number(4), scanner.take("-"),
      let month = scanner.number(2), scanner.take("-"), let day = scanner.number(2),
      scanner.take("T") || scanner.take("t"),
      let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
      scanner.take(":"), let second = scanner.number(2),
      (1...12).contains(month), (1...daysIn(month: month, of: year)).contains(day),
      hour <= 23, minute <= 59, second <= 60,
      let milliseconds = scanner.fraction(), let offset = scanner.offsetMinutes(), scanner.atEnd
    else { return nil }
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset
    let unixMs = (minutes * 60 + second) * 1000 + milliseconds
    return UInt64(max(unixMs, 0))
  }

  /// Since 1970 ("days_from_civil", chrono-Compatible Low-Level Date Algorithms by H. Hinnant).
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func daysIn(month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    var at = 0

    var atEnd: Bool { at == text.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    mutating func digit() -> Int? {
      guard at < text.count, text[at] &- UInt8(ascii: "0") < 10 else { return nil }
      defer { at += 1 }
      return Int(text[at] - UInt8(ascii: "0"))
    }

    mutating func number(_ digits: Int) -> Int? {
      var value = 0
      for _ in 0..<digits {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    /// The optional fraction of a second in milliseconds.
    mutating func fraction() -> Int? {
      guard take(".") else { return 0 }
      var milliseconds = 0
      var unit = 100
      var isBeyond = false
      guard let first = digit() else { return nil }
      milliseconds = first * unit
      while let digit = digit() {
        unit /= 10
        milliseconds += digit * unit
        isBeyond = isBeyond || (unit == 0 && digit != 0)
      }
      return milliseconds + (isBeyond ? 1 : 0)
    }

    mutating func offsetMinutes() -> Int? {
      if take("Z") || take("z") { return 0 }
      let isEast = take("+")
      guard isEast || take("-"), let hours = number(2), take(":"), let minutes = number(2),
        hours <= 23, minutes <= 59
      else { return nil }
      return (hours * 60 + minutes) * (isEast ? 1 : -1)
    }
  }
}
