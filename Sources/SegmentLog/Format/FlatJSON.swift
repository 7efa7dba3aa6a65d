/// The little of JSON that `store.json` needs: one object of strings without escapes and whole
/// numbers. Everything else is refused.
enum FlatJSON {
  enum Value: Equatable {
    case string(String)
    case number(UInt64)
  }

  static func parse(_ bytes: [UInt8]) -> [String: Value]? {
    var parser = Parser(rest: bytes[...])
    return parser.object()
  }

  private struct Parser {
    var rest: ArraySlice<UInt8>

    mutating func object() -> [String: Value]? {
      guard take("{") else { return nil }
      var fields: [String: Value] = [:]
      if !take("}") {
        repeat {
          guard let name = string(), take(":"), let value = value(), fields[name] == nil else {
            return nil
          }
          fields[name] = value
        } while take(",")
        guard take("}") else { return nil }
      }
      skipSpace()
      return rest.isEmpty ? fields : nil
    }

    private mutating func value() -> Value? {
      if let text = string() { return .string(text) }
      let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest = rest.dropFirst(digits.count)
      return .number(number)
    }

    private mutating func string() -> String? {
      skipSpace()
      guard rest.first == UInt8(ascii: "\"") else { return nil }
      let body = rest.dropFirst().prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      guard rest.dropFirst(body.count + 1).first == UInt8(ascii: "\"") else { return nil }
      rest = rest.dropFirst(body.count + 2)
      return String(decoding: body, as: UTF8.self)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard rest.first == UInt8(ascii: character) else { return false }
      rest = rest.dropFirst()
      skipSpace()
      return true
    }

    private mutating func skipSpace() {
      rest = rest.drop { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
    }
  }
}
