/// Text as bytes that grow at their end: what is written once per message is not built of strings.
extension [UInt8] {
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }

  mutating func append(number: UInt64) {
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &digits) { digits in
      var rest = number
      var start = digits.count
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      append(contentsOf: digits[start...])
    }
  }

  /// With leading zeros.
  mutating func append(number: UInt64, width: Int) {
    var unit: UInt64 = 1
    for _ in 1..<width { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
      unit /= 10
    }
  }

  /// `2026-11-24T08:00:00.000Z`; `-` for 0, which no log tells of a time that is known, and `?` for
  /// what lies beyond the year 9999.
  mutating func append(time logMs: UInt64) {
    guard logMs > 0 else { return append(UInt8(ascii: "-")) }
    let unixMs = LogTimes.wallMs(logMs)
    // "civil_from_days", chrono-Compatible Low-Level Date Algorithms by H. Hinnant.
    let days = unixMs / 86_400_000 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    guard year <= 9999 else { return append(UInt8(ascii: "?")) }
    let time = unixMs % 86_400_000
    append(number: year, width: 4)
    append(UInt8(ascii: "-"))
    append(number: month, width: 2)
    append(UInt8(ascii: "-"))
    append(number: dayOfYear - (153 * shifted + 2) / 5 + 1, width: 2)
    append(UInt8(ascii: "T"))
    append(number: time / 3_600_000, width: 2)
    append(UInt8(ascii: ":"))
    append(number: time / 60_000 % 60, width: 2)
    append(UInt8(ascii: ":"))
    append(number: time / 1000 % 60, width: 2)
    append(UInt8(ascii: "."))
    append(number: time % 1000, width: 3)
    append(UInt8(ascii: "Z"))
  }

  /// What another program wrote, kept from steering the terminal.
  mutating func append(printable text: String) {
    var text = text
    let isPlain = text.withUTF8 { $0.allSatisfy { (0x20..<0x7f).contains($0) } }
    append(isPlain ? text : log_inspect.printable(text))
  }

  /// In quotes, escaped as JSON asks for; the bytes are taken for UTF-8. `extra`: how many bytes the
  /// escapes add, when it is known.
  mutating func append(json bytes: UnsafeRawBufferPointer, extra: Int? = nil) {
    let extra = extra ?? JSONText.escapes(in: bytes)
    append(UInt8(ascii: "\""))
    if extra == 0 {
      append(contentsOf: bytes)
    } else {
      let start = count
      append(contentsOf: repeatElement(0, count: bytes.count + extra))
      withUnsafeMutableBytes { buffer in
        JSONText.escape(bytes, into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
      }
    }
    append(UInt8(ascii: "\""))
  }

  mutating func append(json text: String) {
    var text = text
    text.withUTF8 { append(json: UnsafeRawBufferPointer($0)) }
  }
}
