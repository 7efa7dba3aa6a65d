/// "Did you mean": the known word that is at most two slips away.
enum Suggestion {
  /// `; did you mean "worker"?`, or nothing.
  static func sentence(for word: String, among known: [String]) -> String {
    guard word.count <= 64 else { return "" }
    let folded = word.lowercased()
    let nearest =
      known
      .map { (name: $0, slips: distance(Array(folded.utf8), Array($0.lowercased().utf8))) }
      .min { $0.slips < $1.slips }
    guard let nearest, nearest.slips <= 2 else { return "" }
    return "; did you mean \"\(nearest.name)\"?"
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
