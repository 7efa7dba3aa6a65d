extension JSONCursor {
  /// Takes one value of any kind, checked as strictly as one that is wanted.
  ///
  /// Without recursion: each open bracket is one bit, so that no input can exhaust the stack.
  mutating func skipValue() throws(JSONSyntaxError) {
    var brackets = OpenBrackets()
    repeat {
      switch kind {
      case .object, .array:
        guard brackets.depth < Self.maxDepth else { throw failure(.tooDeep) }
        brackets.push(isObject: kind == .object)
        offset += 1
        skipWhitespace()
        if next == brackets.closing {
          offset += 1
          brackets.pop()
        } else {
          if brackets.isObject { _ = try name() }
          continue
        }
      case .string: _ = try string()
      case .number: _ = try number()
      case .null: try literal("null")
      case .boolean: try literal(next == UInt8(ascii: "t") ? "true" : "false")
      case .none: throw unexpected("a value")
      }
      try goOn(&brackets)
    } while brackets.depth > 0
  }

  /// After a value: to the next one, out of every bracket that ends here.
  private mutating func goOn(_ brackets: inout OpenBrackets) throws(JSONSyntaxError) {
    while brackets.depth > 0 {
      skipWhitespace()
      if next == UInt8(ascii: ",") {
        offset += 1
        skipWhitespace()
        if brackets.isObject { _ = try name() }
        return
      }
      guard next == brackets.closing else {
        throw unexpected(brackets.isObject ? "a comma or }" : "a comma or ]")
      }
      offset += 1
      brackets.pop()
    }
  }
}

/// At most 64 of them.
private struct OpenBrackets {
  private var bits: UInt64 = 0
  private(set) var depth = 0

  var isObject: Bool { bits & 1 == 1 }
  var closing: UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

  mutating func push(isObject: Bool) {
    bits = bits &<< 1 | (isObject ? 1 : 0)
    depth += 1
  }

  mutating func pop() {
    bits &>>= 1
    depth -= 1
  }
}
