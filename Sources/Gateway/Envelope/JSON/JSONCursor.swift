/// Walks over JSON text (RFC 8259) from left to right, strictly, without building anything.
///
/// The bytes must outlive it. Every step either takes a whole token or throws; between tokens
/// `offset` stands on the first byte of the next one.
struct JSONCursor {
  /// Of arrays and objects inside of one value.
  static let maxDepth = 64

  let bytes: UnsafeBufferPointer<UInt8>
  var offset = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The byte that is next; 0, which begins no token, at the end.
  var next: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

  var kind: JSONKind {
    switch next {
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
    case UInt8(ascii: "n"): .null
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
    default: .none
    }
  }

  mutating func skipWhitespace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  /// To the first token of the text.
  mutating func begin() throws(JSONSyntaxError) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure(.byteOrderMark) }
    skipWhitespace()
    if offset == bytes.count { throw failure(.empty) }
  }

  /// Nothing but white space may follow.
  mutating func end() throws(JSONSyntaxError) {
    skipWhitespace()
    if offset < bytes.count { throw failure(.trailing) }
  }

  mutating func open(_ bracket: UInt8) {
    assert(next == bracket)
    offset += 1
    skipWhitespace()
  }

  /// The next member's name, with the cursor on its value; nil after the object's end. `isFirst`
  /// is true for the first call after `open`, and the cursor's to change.
  mutating func member(isFirst: inout Bool) throws(JSONSyntaxError) -> JSONString? {
    guard try item(isFirst: &isFirst, closing: UInt8(ascii: "}")) else { return nil }
    return try name()
  }

  /// Whether there is another element, with the cursor on it. `isFirst` as with `member`.
  mutating func element(isFirst: inout Bool) throws(JSONSyntaxError) -> Bool {
    try item(isFirst: &isFirst, closing: UInt8(ascii: "]"))
  }

  private mutating func item(
    isFirst: inout Bool, closing: UInt8
  ) throws(JSONSyntaxError) -> Bool {
    skipWhitespace()
    if next == closing {
      offset += 1
      return false
    }
    if isFirst {
      isFirst = false
    } else {
      guard next == UInt8(ascii: ",") else {
        throw unexpected(closing == UInt8(ascii: "}") ? "a comma or }" : "a comma or ]")
      }
      offset += 1
      skipWhitespace()
    }
    return true
  }

  /// A member's name and its colon.
  mutating func name() throws(JSONSyntaxError) -> JSONString {
    guard next == UInt8(ascii: "\"") else { throw unexpected("a name in double quotes") }
    let name = try string()
    skipWhitespace()
    guard next == UInt8(ascii: ":") else { throw unexpected("a colon") }
    offset += 1
    skipWhitespace()
    return name
  }

  mutating func literal(_ literal: StaticString) throws(JSONSyntaxError) {
    let count = literal.utf8CodeUnitCount
    let matches = literal.withUTF8Buffer { bytes[offset...].starts(with: $0) }
    guard matches else { throw unexpected("a value") }
    offset += count
  }

  func failure(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
    JSONSyntaxError(reason: reason, offset: offset)
  }

  func unexpected(_ expected: String) -> JSONSyntaxError {
    failure(offset == bytes.count ? .ended : .expected(expected))
  }
}

/// What a value begins as.
enum JSONKind { case string, number, object, array, boolean, null, none }
