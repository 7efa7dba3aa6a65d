/// What became of the lines.
struct LoadCounts: Equatable, Codable, Sendable {
  var accepted = 0
  var known = 0
  var refused = 0
}

/// How far a load is: every line before `bytes` was answered.
struct LoadPosition: Equatable, Codable, Sendable {
  /// What makes the keys of this load its own: a line that is posted again after an interruption is
  /// known to the dispatcher by its key, if it has no UUID.
  var run: String
  var lines = 0
  var bytes = 0
  /// CRC-32 of the file up to there: whether it is still the same file.
  var checksum: UInt32 = 0
  var counts = LoadCounts()

  func key(of line: Int) -> String { "load-\(run)-\(line)" }
}

/// Lines are answered in any order; this tells up to which all of them are.
struct SettledLines {
  private struct Begun {
    var line: LineFile.Line
    var checksum: UInt32
    /// nil: not answered yet.
    var verdict: LineVerdict?
  }

  private(set) var position: LoadPosition
  /// Those behind the position, too.
  private(set) var counts: LoadCounts
  /// In the order of the file, from the first that is not answered.
  private var begun: [Begun] = []

  init(_ start: LoadPosition) {
    position = start
    counts = start.counts
  }

  /// How many are remembered until the first of them is answered.
  var behind: Int { begun.count }

  /// - Parameter checksum: of the file up to the line's end.
  mutating func begin(_ line: LineFile.Line, checksum: UInt32) {
    begun.append(
      Begun(line: LineFile.Line(number: line.number, end: line.end), checksum: checksum))
  }

  mutating func settle(_ line: LineFile.Line, _ verdict: LineVerdict) {
    guard let index = begun.firstIndex(where: { $0.line.number == line.number }) else { return }
    begun[index].verdict = verdict
    counts.add(verdict)
    while let first = begun.first, let verdict = first.verdict, verdict.isFinal {
      position.lines = first.line.number
      position.bytes = first.line.end
      position.checksum = first.checksum
      position.counts.add(verdict)
      begun.removeFirst()
    }
  }
}

extension LoadCounts {
  fileprivate mutating func add(_ verdict: LineVerdict) {
    switch verdict {
    case .accepted: accepted += 1
    case .known: known += 1
    case .refused: refused += 1
    case .again, .hopeless: break
    }
  }
}
