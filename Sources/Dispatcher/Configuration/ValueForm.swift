import Delivery
import Gateway

/// What a key's value may look like: how it is read from what was written, and how it is written.
struct ValueForm<Value: Sendable>: Sendable {
  let read: @Sendable (ConfigurationValue) throws(ValueRefusal) -> Value
  /// As YAML.
  let show: @Sendable (Value) -> String
}

/// Why a value can't be taken; the caller knows place and key.
struct ValueRefusal: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

extension ConfigurationValue {
  /// The values of a list. In the environment also with commas between.
  func items(expected: String) throws(ValueRefusal) -> [ConfigurationValue] {
    switch content {
    case .list(let list): return list
    case .scalar(let text, .environment):
      return text.split(separator: ",").map {
        ConfigurationValue(content: .scalar($0.trimmed, .environment), place: place)
      }
    default: throw ValueRefusal("expected \(expected), found \(described)")
    }
  }

  /// The text of a scalar.
  func scalar(expected: String) throws(ValueRefusal) -> (text: String, style: Style) {
    guard case .scalar(let text, let style) = content else {
      throw ValueRefusal("expected \(expected), found \(described)")
    }
    return (text, style)
  }

  /// What stands there, for an error line; long texts are cut.
  var described: String {
    switch content {
    case .null: "nothing"
    case .scalar(let text, _):
      "\"\(text.count > 40 ? Secrets.masked(text).prefix(40) + "…" : Secrets.masked(text)[...])\""
    case .list: "a list"
    case .map: "a map"
    }
  }
}

extension ValueForm where Value == Int {
  /// A whole number, written without quotes; `10_000` is fine.
  static func integer(_ range: ClosedRange<Int>) -> ValueForm {
    ValueForm(
      read: { value throws(ValueRefusal) in
        let (text, style) = try value.scalar(expected: "a whole number")
        let digits = text.replacing("_", with: "")
        guard style != .quoted, isWholeNumber(digits) else {
          throw ValueRefusal("expected a whole number, found \(value.described)")
        }
        guard let number = Int(digits), range.contains(number) else {
          throw ValueRefusal(
            "must be between \(range.lowerBound) and \(range.upperBound), found \(text)")
        }
        return number
      }, show: { String($0) })
  }

  /// `1048576`, `64MiB`.
  static func size(_ range: ClosedRange<Int>) -> ValueForm {
    ValueForm(
      read: { value throws(ValueRefusal) in
        let expected = "a size such as 1048576, 256KiB or 64MiB"
        let (text, _) = try value.scalar(expected: expected)
        guard let bytes = ByteSize.parse(text) else {
          throw ValueRefusal("expected \(expected), found \(value.described)")
        }
        guard range.contains(bytes) else {
          throw ValueRefusal(
            "must be between \(ByteSize.format(range.lowerBound)) and "
              + "\(ByteSize.format(range.upperBound)), found \(text)")
        }
        return bytes
      }, show: { ByteSize.format($0) })
  }
}

extension ValueForm where Value == Duration {
  /// `250ms`, `10s`, `1h30m`, `7d`; a bare number is milliseconds, as in the envelope.
  static func duration(_ range: ClosedRange<Duration>) -> ValueForm {
    ValueForm(
      read: { value throws(ValueRefusal) in
        let expected = "a time such as 250ms, 10s, 15m, 1h or 7d"
        let (text, _) = try value.scalar(expected: expected)
        guard let duration = DurationText.parse(text) else {
          throw ValueRefusal("expected \(expected), found \(value.described)")
        }
        guard range.contains(duration) else {
          throw ValueRefusal(
            "must be between \(DurationText.format(range.lowerBound)) and "
              + "\(DurationText.format(range.upperBound)), found \(text)")
        }
        return duration
      }, show: { DurationText.format($0) })
  }
}

extension ValueForm where Value == String {
  /// Text that is not empty. What YAML would take for a number or a truth value must be quoted, so
  /// that `0123` never means something else to another reader of the file.
  static let text = ValueForm(
    read: { value throws(ValueRefusal) in
      let (text, style) = try value.scalar(expected: "text")
      if style == .plain, isAmbiguous(text) {
        throw ValueRefusal("expected text, found \(text); put it in quotes if it is meant")
      }
      guard !text.isEmpty, !text.unicodeScalars.contains("\0") else {
        throw ValueRefusal("must not be empty")
      }
      return text
    }, show: { quoted($0) })
}

extension ValueForm where Value == String? {
  /// A secret that goes into an HTTP header. Never shown, not even when it can't be taken.
  static let secret = ValueForm(
    read: { value throws(ValueRefusal) in
      let (text, style) = try value.scalar(expected: "text")
      guard style != .plain || !isAmbiguous(text) else {
        throw ValueRefusal("expected text; put it in quotes")
      }
      guard !text.isEmpty else { throw ValueRefusal("must not be empty") }
      guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw ValueRefusal("must be printable ASCII without spaces")
      }
      return text
    }, show: { $0 == nil ? "~" : "\"***\"" })
}

extension ValueForm where Value == ListenAddress {
  static let address = ValueForm(
    read: { value throws(ValueRefusal) in
      let expected = "\":PORT\", \"HOST:PORT\" or \"[IPV6]:PORT\""
      let (text, _) = try value.scalar(expected: expected)
      switch ListenAddress.parse(text) {
      case .success(let address): return address
      case .failure(let problem): throw ValueRefusal("\(problem.reason), found \(value.described)")
      }
    }, show: { quoted($0.description) })
}

extension ValueForm where Value == ListenAddress? {
  /// An address or `off`.
  static let addressOrOff = ValueForm(
    read: { value throws(ValueRefusal) in
      if case .scalar(let text, let style) = value.content, style != .quoted,
        ["off", "false", "no"].contains(text.lowercased())
      {
        return nil
      }
      return try ValueForm<ListenAddress>.address.read(value)
    }, show: { $0.map { quoted($0.description) } ?? "off" })
}

extension ValueForm where Value == [Int] {
  /// A list of final HTTP statuses that are failures. In the environment also `400,410`.
  static let statuses = ValueForm(
    read: { value throws(ValueRefusal) in
      var statuses: [Int] = []
      for item in try value.items(expected: "a list of statuses") {
        let status = try ValueForm<Int>.integer(300...599).read(item)
        if !statuses.contains(status) { statuses.append(status) }
      }
      return statuses
    }, show: { "[\($0.map(String.init).joined(separator: ", "))]" })
}

extension ValueForm where Value == [AddressRange] {
  /// A list of `ADDRESS/BITS`. In the environment also `10.0.0.0/8,fd00::/8`.
  static let addressRanges = ValueForm(
    read: { value throws(ValueRefusal) in
      var ranges: [AddressRange] = []
      let expected = "a list of ranges such as [10.0.0.0/8, \"fd00::/8\"]"
      for item in try value.items(expected: expected) {
        let (text, _) = try item.scalar(expected: "a range such as 10.0.0.0/8")
        do throws(AddressRange.Malformed) {
          let range = try AddressRange(text)
          if !ranges.contains(range) { ranges.append(range) }
        } catch {
          throw ValueRefusal("\(error.reason), found \(item.described)")
        }
      }
      return ranges
    }, show: { "[\($0.map { quoted("\($0)") }.joined(separator: ", "))]" })
}

extension ValueForm where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of a few words.
  static var word: ValueForm {
    ValueForm(
      read: { value throws(ValueRefusal) in
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        let (text, _) = try value.scalar(expected: "one of \(words)")
        guard let found = Value(rawValue: text) else {
          throw ValueRefusal("expected one of \(words), found \(value.described)")
        }
        return found
      }, show: { $0.rawValue })
  }
}

extension ValueForm where Value == Bool {
  static let truth = ValueForm(
    read: { value throws(ValueRefusal) in
      let (text, style) = try value.scalar(expected: "true or false")
      guard style != .quoted, text == "true" || text == "false" else {
        throw ValueRefusal("expected true or false, found \(value.described)")
      }
      return text == "true"
    }, show: { $0 ? "true" : "false" })
}

private let truthWords: Set<String> = [
  "true", "false", "yes", "no", "on", "off", "True", "False", "Yes", "No", "On", "Off", "TRUE",
  "FALSE", "YES", "NO", "ON", "OFF",
]

/// What YAML would take for something else than text.
private func isAmbiguous(_ text: String) -> Bool {
  isWholeNumber(text) || Double(text) != nil || truthWords.contains(text)
}

private func isWholeNumber(_ text: String) -> Bool {
  let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
  return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
}

/// A YAML double-quoted scalar.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\\(scalar)"
    case _ where scalar.value < 0x20 || scalar.value == 0x7F:
      let hex = String(scalar.value, radix: 16)
      result += "\\x" + (hex.count < 2 ? "0" : "") + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

extension Substring {
  /// Without spaces and tabs at both ends.
  var trimmed: String {
    var rest = self
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
