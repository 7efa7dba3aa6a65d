/// Text of strangers on its way to a person's terminal, which obeys some characters instead of
/// showing them.
package enum VisibleText {
  /// Control characters (C0 with tab and line end, DEL, C1), separators of lines and paragraphs, and
  /// the invisible ones that turn the direction of writing or hide what stands between them.
  package static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7F: false
    case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
    default: scalar.properties.generalCategory == .format
    }
  }

  /// Invisible characters as `\uXXXX`, as JSON writes them; tabs and line ends stay. What was JSON
  /// before means the same afterwards, since it holds such characters in its strings only.
  package static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isEscaped) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isEscaped(scalar) {
        for unit in String(scalar).utf16 { result += escape(unit) }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// `\uXXXX`
  package static func escape(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// Each as U+FFFD, so that a line stays one.
  package static func replaced(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isInvisible) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { isInvisible($0) ? "\u{FFFD}" : $0 }))
  }

  private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
    isInvisible(scalar) && scalar != "\n" && scalar != "\t"
  }
}
