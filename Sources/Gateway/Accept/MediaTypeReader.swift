/// Tells what a `Content-Type` means to the accept path.
enum MediaTypeReader {
  /// The parameters are ignored but for `charset`: JSON is UTF-8 (RFC 8259 §8.1), and who says that
  /// it is something else is not understood.
  static func classify(_ value: UnsafeRawBufferPointer) -> RequestHead.ContentType {
    let end = value.firstIndex(of: UInt8(ascii: ";"), from: 0) ?? value.count
    let type = UnsafeRawBufferPointer(rebasing: value[..<end]).trimmingBlanks()
    let kind: RequestHead.ContentType
    if type.isEmpty {
      kind = .missing
    } else if matches(type, "application/json") || isStructuredJSON(type) {
      kind = .json
    } else if matches(type, "application/x-www-form-urlencoded") {
      kind = .form
    } else {
      return .other
    }
    guard end < value.count else { return kind }
    return namesOtherCharset(UnsafeRawBufferPointer(rebasing: value[end...])) ? .other : kind
  }

  /// `application/…+json` (RFC 6839 §3.1): JSON with a name of its own.
  private static func isStructuredJSON(_ type: UnsafeRawBufferPointer) -> Bool {
    let prefix: StaticString = "application/"
    let suffix: StaticString = "+json"
    let ends = prefix.utf8CodeUnitCount + suffix.utf8CodeUnitCount
    guard type.count > ends else { return false }
    let name = type[prefix.utf8CodeUnitCount..<(type.count - suffix.utf8CodeUnitCount)]
    return matches(UnsafeRawBufferPointer(rebasing: type[..<prefix.utf8CodeUnitCount]), prefix)
      && matches(UnsafeRawBufferPointer(rebasing: type.suffix(suffix.utf8CodeUnitCount)), suffix)
      && name.allSatisfy(ASCII.isToken)
  }

  /// `parameters` begin with their semicolon. A semicolon in a quoted value ends nothing.
  private static func namesOtherCharset(_ parameters: UnsafeRawBufferPointer) -> Bool {
    var start = 0
    while start < parameters.count {
      let end = endOfParameter(parameters, from: start + 1)
      let parameter = UnsafeRawBufferPointer(rebasing: parameters[(start + 1)..<end])
        .trimmingBlanks()
      start = end
      guard let equals = parameter.firstIndex(of: UInt8(ascii: "="), from: 0) else { continue }
      let name = UnsafeRawBufferPointer(rebasing: parameter[..<equals]).trimmingBlanks()
      guard matches(name, "charset") else { continue }
      let charset = unquoted(UnsafeRawBufferPointer(rebasing: parameter[(equals + 1)...]))
      let isUTF8 = charset.withUnsafeBytes { matches($0, "utf-8") || matches($0, "utf8") }
      if !isUTF8 { return true }
    }
    return false
  }

  /// Where the next semicolon outside of quotes stands, or the end.
  private static func endOfParameter(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    var isQuoted = false
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\") where isQuoted: index += 1
      case UInt8(ascii: ";") where !isQuoted: return index
      default: break
      }
      index += 1
    }
    return bytes.count
  }

  /// A token as it stands, or what a quoted string (RFC 9110 §5.6.4) says.
  private static func unquoted(_ value: UnsafeRawBufferPointer) -> [UInt8] {
    let value = value.trimmingBlanks()
    guard value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"")
    else { return Array(value) }
    var text: [UInt8] = []
    var isEscaped = false
    for byte in value.dropFirst().dropLast() {
      if byte == UInt8(ascii: "\\"), !isEscaped {
        isEscaped = true
      } else {
        text.append(byte)
        isEscaped = false
      }
    }
    return text
  }

  /// Letters in any case, everything else as it stands.
  private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    return bytes.indices.allSatisfy { index in
      let byte = bytes[index]
      let isUpper = byte &- UInt8(ascii: "A") < 26
      return (isUpper ? byte | 0x20 : byte) == text.utf8Start[index]
    }
  }
}
