/// Where and why bytes stop being JSON. The offset is in bytes from the start.
struct JSONSyntaxError: Error, Equatable {
  enum Reason: Equatable {
    case empty
    case byteOrderMark
    case ended
    /// What should have stood there.
    case expected(String)
    case controlCharacter
    case badEscape
    case unpairedSurrogate
    case badUTF8
    case badNumber
    case tooDeep
    case trailing
  }
  var reason: Reason
  var offset: Int

  var sentence: String {
    switch reason {
    case .empty:
      "The body is empty; a JSON object is expected."
    case .byteOrderMark:
      "The body begins with a byte order mark, which JSON does not allow."
    case .ended:
      "The JSON ends too early, at byte \(offset)."
    case .expected(let what):
      "The JSON is broken at byte \(offset): \(what) is expected there."
    case .controlCharacter:
      "A string holds a control character at byte \(offset); it must be escaped."
    case .badEscape:
      "A string holds an escape that JSON does not know, at byte \(offset)."
    case .unpairedSurrogate:
      "A string holds half of a surrogate pair at byte \(offset)."
    case .badUTF8:
      "The body is not valid UTF-8 at byte \(offset)."
    case .badNumber:
      "A number is not written as JSON demands, at byte \(offset)."
    case .tooDeep:
      "The JSON is nested too deeply at byte \(offset); "
        + "at most \(JSONCursor.maxDepth) levels are allowed."
    case .trailing:
      "Something follows the end of the JSON, at byte \(offset)."
    }
  }
}
