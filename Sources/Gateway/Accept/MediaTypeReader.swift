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
    } else if matches(type, "application/json") {
      kind = .json
    } else if matches(type, "application/x-www-form-urlencoded") {
      kind = .form
    } else {
      return .other
    }
    guard end < value.count else { return kind }
    return namesOtherCharset(UnsafeRawBufferPointer(rebasing: value[end...])) ? .other : kind
  }

  private static func namesOtherCharset(_ parameters: UnsafeRawBufferPointer) -> Bool {
    for piece in parameters.split(separator: UInt8(ascii: ";")) {
      let parameter = UnsafeRawBufferPointer(rebasing: piece).trimmingBlanks()
      guard let equals = parameter.firstIndex(of: UInt8(ascii: "="), from: 0),
        matches(UnsafeRawBufferPointer(rebasing: parameter[..<equals]), "charset")
      else { continue }
      var charset = UnsafeRawBufferPointer(rebasing: parameter[(equals + 1)...])
      if charset.count >= 2, charset.first == UInt8(ascii: "\""),
        charset.last == UInt8(ascii: "\"")
      {
        charset = UnsafeRawBufferPointer(rebasing: charset[1..<(charset.count - 1)])
      }
      if !matches(charset, "utf-8") { return true }
    }
    return false
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
