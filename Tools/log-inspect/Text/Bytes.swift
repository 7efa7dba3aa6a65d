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

  /// `2026-11-24T08:00:00.000Z`; `?` for what lies beyond the year 9999.
  mutating func append(time unixMs: UInt64) {
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

/// What JSON does not let stand in a string as it is.
enum JSONText {
  /// By byte: how many bytes an escape adds. DEL needs none by the letter, but terminals think
  /// otherwise.
  private static let added: [UInt8] = (0..<256).map { byte in
    switch byte {
    case 0x22, 0x5C, 0x0A, 0x0D, 0x09: 1
    case 0..<0x20, 0x7F: 5
    default: 0
    }
  }

  static func escapes(in bytes: UnsafeRawBufferPointer) -> Int {
    added.withUnsafeBufferPointer { added in
      var count = 0
      for byte in bytes { count += Int(added[Int(byte)]) }
      return count
    }
  }

  /// `target` has room for the bytes and their escapes.
  fileprivate static func escape(
    _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) {
    added.withUnsafeBufferPointer { added in
      var end = 0
      for byte in bytes {
        let extra = added[Int(byte)]
        if extra == 0 {
          target[end] = byte
          end += 1
        } else {
          end += escape(byte, extra, into: target, at: end)
        }
      }
    }
  }

  private static func escape(
    _ byte: UInt8, _ extra: UInt8, into target: UnsafeMutableRawBufferPointer, at start: Int
  ) -> Int {
    target[start] = UInt8(ascii: "\\")
    guard extra == 5 else {
      target[start + 1] =
        switch byte {
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        default: byte
        }
      return 2
    }
    target[start + 1] = UInt8(ascii: "u")
    target[start + 2] = UInt8(ascii: "0")
    target[start + 3] = UInt8(ascii: "0")
    for (index, digit) in [byte >> 4, byte & 15].enumerated() {
      target[start + 4 + index] =
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
    return 6
  }
}
