extension Problem {
  package static let contentType = "application/problem+json"

  /// The answer's body (RFC 9457).
  ///
  /// `type` is written as the bare name: nothing is served there, so there is nothing to resolve,
  /// and a client compares it as it stands.
  package func encode() -> [UInt8] {
    var json: [UInt8] = []
    json.reserveCapacity(192 + detail.utf8.count + errors.count * 96)
    json.append(contentsOf: "{\"type\":".utf8)
    json.appendJSON(type)
    json.append(contentsOf: ",\"title\":".utf8)
    json.appendJSON(title)
    json.append(contentsOf: ",\"status\":\(status),\"detail\":".utf8)
    json.appendJSON(detail)
    if !errors.isEmpty {
      json.append(contentsOf: ",\"errors\":[".utf8)
      for (index, error) in errors.enumerated() {
        if index > 0 { json.append(UInt8(ascii: ",")) }
        json.append(contentsOf: "{\"pointer\":".utf8)
        json.appendJSON(error.pointer)
        json.append(contentsOf: ",\"detail\":".utf8)
        json.appendJSON(error.detail)
        json.append(UInt8(ascii: "}"))
      }
      json.append(UInt8(ascii: "]"))
    }
    json.append(UInt8(ascii: "}"))
    return json
  }
}

extension [UInt8] {
  /// Appends `text` as a JSON string (RFC 8259 §7), quotes included.
  package mutating func appendJSON(_ text: String) {
    append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        append(hexDigit(byte >> 4))
        append(hexDigit(byte & 15))
      default:
        append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
