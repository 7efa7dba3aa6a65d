/// What is wrong with an envelope, gathered while it is read, so that a person sees all of it at once.
struct FieldErrors {
  private(set) var list: [Problem.FieldError] = []
  private(set) var isBodyTooLarge = false
  /// More was wrong than an answer tells.
  private(set) var isCut = false

  var isEmpty: Bool { list.isEmpty }

  var isFull: Bool { list.count >= EnvelopeLimits.maxErrors }

  mutating func add(_ pointer: String, _ sentence: String) {
    guard !isFull else { return cut() }
    list.append(Problem.FieldError(pointer: pointer, detail: sentence))
  }

  mutating func cut() { isCut = true }

  mutating func addBodyTooLarge(_ pointer: String, _ sentence: String) {
    isBodyTooLarge = true
    // Must not be the one that is cut: it decides the answer's status.
    list.insert(Problem.FieldError(pointer: pointer, detail: sentence), at: 0)
  }

  func problem() -> Problem {
    let first = list.first?.detail ?? ""
    let detail =
      isCut
      ? "More than \(EnvelopeLimits.maxErrors) things are wrong. The first: \(first)"
      : list.count > 1 ? "\(list.count) things are wrong. The first: \(first)" : first
    return Problem(isBodyTooLarge ? .bodyTooLarge : .invalidMessage, detail, errors: list)
  }
}

/// Where in the envelope the reader stands, for JSON Pointers (RFC 6901). Costs nothing until asked.
struct FieldPath {
  private var field: JSONString?
  private var inner: JSONString?
  private var index: Int?

  mutating func enter(_ field: JSONString) { self.field = field }

  mutating func leave() { self = FieldPath() }

  /// A member of the current field; with nil back to the field itself.
  mutating func enterInner(_ inner: JSONString?) {
    self.inner = inner
    index = nil
  }

  /// An element of where the path is; with nil back out of the array.
  mutating func enterElement(_ index: Int?) { self.index = index }

  /// Names as the caller wrote them, since a pointer is case-sensitive; very long ones are cut.
  func pointer(in cursor: JSONCursor) -> String {
    var pointer = ""
    for name in [field, inner] {
      guard let name else { continue }
      pointer += "/" + Self.escaped(shortened(cursor.copyText(name)))
    }
    if let index { pointer += "/\(index)" }
    return pointer
  }

  static func escaped(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
      return name
    }
    return name.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "~": result += "~0"
      case "/": result += "~1"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

/// What a caller wrote, short enough to be repeated to them.
func shortened(_ text: String) -> String {
  text.unicodeScalars.count <= 100
    ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(100))) + "…"
}
