import Delivery
import Logging

/// How one event becomes one line. Whatever stands in a message or a value, the line stays one
/// line: texts come from callers and destinations.
enum LogLine {
  static func bytes(
    _ format: LogFormat, timeMs: UInt64, level: Logger.Level, message: String,
    metadata: Logger.Metadata
  ) -> [UInt8] {
    var line = LineBuilder()
    let time = UTCTime.text(unixMs: timeMs)
    let fields = metadata.sorted { $0.key < $1.key }
    switch format {
    case .text:
      line.raw(time)
      line.raw(" ")
      line.raw(level.rawValue)
      line.raw(" ")
      line.escaped(message)
      for (name, value) in fields {
        line.raw(" ")
        line.escaped(name)
        line.raw("=")
        line.field(value.description)
      }
    case .json:
      line.raw("{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":")
      line.quoted(message)
      for (name, value) in fields {
        line.raw(",")
        // The three names of the event itself are taken.
        line.quoted(["time", "level", "message"].contains(name) ? "\(name)_" : name)
        line.raw(":")
        if let bare = bareJSON(value) { line.raw(bare) } else { line.quoted(value.description) }
      }
      line.raw("}")
    }
    line.raw("\n")
    return line.bytes
  }

  /// The value as JSON writes it without quotation marks, nil for a text. The type decides, not the
  /// digits: a UUID of digits is a text in every line, and a count is a number in every line.
  private static func bareJSON(_ value: Logger.MetadataValue) -> String? {
    guard case .stringConvertible(let value) = value else { return nil }
    switch value {
    case let number as any BinaryInteger: return "\(number)"
    case let number as Double where number.isFinite: return "\(number)"
    case let truth as Bool: return "\(truth)"
    default: return nil
    }
  }
}

/// Gathers the bytes of a line.
private struct LineBuilder {
  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(256) }

  mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// What a terminal would obey, quotation marks and backslashes as JSON writes them.
  mutating func escaped(_ text: String, marks: Bool = false) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": raw("\\n")
      case "\r": raw("\\r")
      case "\t": raw("\\t")
      case "\"", "\\":
        if marks { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(UInt8(ascii: scalar))
      case _ where VisibleText.isInvisible(scalar):
        for unit in String(scalar).utf16 { raw(VisibleText.escape(unit)) }
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  mutating func quoted(_ text: String) {
    raw("\"")
    escaped(text, marks: true)
    raw("\"")
  }

  /// Bare where a reader of `name=value` can tell where it ends, else in quotation marks.
  mutating func field(_ text: String) {
    let bare =
      !text.isEmpty
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
          && $0 != UInt8(ascii: "\\")
      } && !text.unicodeScalars.contains(where: VisibleText.isInvisible)
    if bare { raw(text) } else { quoted(text) }
  }
}
