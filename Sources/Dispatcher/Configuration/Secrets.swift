/// Keeps the values of secret keys out of what is printed, also where they were written in a form
/// that is not understood: `admin_token=…`, or `admin_token:…` without a space.
enum Secrets {
  /// What the names of keys for secrets end in, ours and those that are mistaken for them.
  private static let endings = ["token", "secret", "password", "passwd", "credential"]

  /// `text` up to the name of such a key, when more follows than a name: that may be the value.
  static func masked(_ text: String) -> String {
    var index = text.startIndex
    while index < text.endIndex {
      let rest = text[index...].lowercased()
      if let ending = endings.first(where: rest.hasPrefix) {
        let end = text.index(index, offsetBy: ending.count)
        if end < text.endIndex, !isOfName(text[end]) { return "\(text[..<end])***" }
      }
      index = text.index(after: index)
    }
    return text
  }

  private static func isOfName(_ character: Character) -> Bool {
    character == "_" || character == "-" || character.isLetter || character.isNumber
  }
}
