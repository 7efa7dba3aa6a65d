/// Reads the start of an answer, `HTTP/1.x SSS`, one byte after the other. What stands behind it on its
/// line doesn't matter.
struct StatusLine {
  enum Verdict: Equatable {
    case more
    case status(UInt16)
    /// This is no answer of HTTP/1.x.
    case foreign
  }

  private enum Place {
    /// So many bytes of `HTTP/1.` were right.
    case version(Int)
    case minor, space
    /// So many digits of the status were read.
    case digits(Int)
  }

  private static let version: StaticString = "HTTP/1."

  /// Blank lines before it, or more than one space in it: legible, but not what a careful server
  /// sends.
  private(set) var isOdd = false
  private(set) var minor: UInt8 = 0
  /// Statuses begin with 1 to 9, so that one of three digits is 100 to 999.
  private var status: UInt16 = 0
  private var place = Place.version(0)

  mutating func take(_ byte: UInt8) -> Verdict {
    switch place {
    case .version(0) where byte == .carriageReturn || byte == .lineFeed:
      isOdd = true
    case .version(let count):
      guard byte == Self.version.utf8Start[count] else { return .foreign }
      place = count + 1 == Self.version.utf8CodeUnitCount ? .minor : .version(count + 1)
    case .minor:
      guard byte.isDigit else { return .foreign }
      minor = byte - .zero
      place = .space
    case .space:
      guard byte.isBlank else { return .foreign }
      place = .digits(0)
    case .digits(0) where byte.isBlank:
      isOdd = true
    case .digits(3):
      guard byte.isBlank || byte == .carriageReturn || byte == .lineFeed else { return .foreign }
      return .status(status)
    case .digits(let count):
      guard byte.isDigit, count > 0 || byte != .zero else { return .foreign }
      status = status * 10 + UInt16(byte - .zero)
      place = .digits(count + 1)
    }
    return .more
  }
}

extension UInt8 {
  static let carriageReturn = UInt8(ascii: "\r")
  static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let zero = UInt8(ascii: "0")

  /// Space or tab.
  var isBlank: Bool { self == 0x20 || self == 0x09 }
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
