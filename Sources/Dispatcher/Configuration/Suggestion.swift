/// "Did you mean": the known word that is at most two slips away.
enum Suggestion {
  /// `; did you mean "worker"?`, or nothing.
  static func sentence(for word: String, among known: [String]) -> String {
    nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
  }

  /// For a key of the file as it was written at the top, or in the map of a group. A key of a group
  /// that was written elsewhere, or with its dot, is answered with how it is written:
  /// `; did you mean "retry: {cap: ...}"?`.
  static func sentence(for key: String, within group: String?) -> String {
    let names = ConfigurationKey.all.map(\.name)
    let hasDot = key.contains(".")
    if group == nil, let name = names.first(where: { $0.hasSuffix(".\(key)") }) {
      return asMap(name)
    }
    let name = hasDot ? key : (group.map { "\($0)." } ?? "") + key
    guard let known = nearest(to: name, among: names + ConfigurationKey.groups) else { return "" }
    return known.contains(".") && (group == nil || hasDot)
      ? asMap(known) : "; did you mean \"\(known)\"?"
  }

  private static func asMap(_ name: String) -> String {
    "; did you mean \"\(name.replacing(".", with: ": {", maxReplacements: 1)): ...}\"?"
  }

  private static func nearest(to word: String, among known: [String]) -> String? {
    guard word.count <= 64 else { return nil }
    let folded = Array(word.lowercased().utf8)
    let nearest =
      known
      .map { (name: $0, slips: distance(folded, Array($0.lowercased().utf8))) }
      .min { $0.slips < $1.slips }
    guard let nearest, nearest.slips <= 2 else { return nil }
    return nearest.name
  }

  /// Levenshtein's distance, one row at a time.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
