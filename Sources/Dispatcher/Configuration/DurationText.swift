/// Times as people write them: `250ms`, `10s`, `15m`, `1h30m`, `7d`; a bare number is milliseconds.
enum DurationText {
  /// Longest unit first; each with its milliseconds.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// nil when the text is not a time, negative, or too long to count in milliseconds.
  static func parse(_ text: String) -> Duration? {
    if let bare = digits(text[...]) { return .milliseconds(bare) }
    var rest = text[...]
    var total: Int64 = 0
    var longestAllowed = Int64.max
    while !rest.isEmpty {
      let number = rest.prefix(while: \.isASCIIDigit)
      rest = rest.dropFirst(number.count)
      let name = rest.prefix(while: { !$0.isASCIIDigit })
      rest = rest.dropFirst(name.count)
      // Units fall from left to right, so that "5s1h" is taken for the slip that it is.
      guard let count = digits(number), let unit = units.first(where: { $0.name == name }),
        unit.milliseconds < longestAllowed
      else { return nil }
      longestAllowed = unit.milliseconds
      let (part, tooLong) = count.multipliedReportingOverflow(by: unit.milliseconds)
      let (sum, sumTooLong) = total.addingReportingOverflow(part)
      if tooLong || sumTooLong { return nil }
      total = sum
    }
    return text.isEmpty ? nil : .milliseconds(total)
  }

  /// The shortest text that `parse` reads back; parts of a millisecond are dropped.
  static func format(_ duration: Duration) -> String {
    var rest = duration.milliseconds
    var text = ""
    for unit in units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }

  private static func digits(_ text: Substring) -> Int64? {
    text.allSatisfy(\.isASCIIDigit) ? Int64(text) : nil
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}

extension Character {
  var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}
