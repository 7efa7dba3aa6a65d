/// From YAML text to values that know where they stand.
enum ConfigurationYAML {
  /// The entries of the top-level map; none for an empty document. `path` is what error lines name.
  static func parse(_ text: String, path: String) throws(ConfigurationError)
    -> [ConfigurationValue.Entry]
  {
    var composer = Composer(text, place: { .file(path, line: $0) }, source: path)
    let root = try composer.document()
    switch root.content {
    case .null: return []
    case .map(let entries): return entries
    case .scalar, .list:
      throw ConfigurationError(
        place: "\(root.place)", key: nil,
        reason: "expected keys such as \"worker: 64\", found \(root.described)")
    }
  }

  /// A value of the environment that is written as YAML (`{initial: 1s}`, `[400, 410]`).
  static func parse(_ text: String, variable: String) throws(ConfigurationError)
    -> ConfigurationValue
  {
    let place = ConfigurationValue.Place.environment(variable)
    var composer = Composer(text, place: { _ in place }, source: "\(place)")
    return try composer.document()
  }

  /// Puts the pieces of a text together.
  private struct Composer {
    private let reader: YAMLReader
    private let place: (Int) -> ConfigurationValue.Place
    private let source: String
    private var anchors: [String: ConfigurationValue.Content] = [:]
    /// Lists and maps around what is read: each takes some of the stack, and libyaml sets no limit.
    private var depth = 0
    private static let depthMax = 64

    /// - Parameters:
    ///   - place: where a line is.
    ///   - source: what is named where no line is known.
    init(_ text: String, place: @escaping (Int) -> ConfigurationValue.Place, source: String) {
      reader = YAMLReader(text)
      self.place = place
      self.source = source
    }

    /// The value of the only document; null when there is none.
    mutating func document() throws(ConfigurationError) -> ConfigurationValue {
      _ = try next()
      guard try next().kind == .documentStart else {
        return ConfigurationValue(content: .null, place: place(1))
      }
      let root = try value(of: next())
      _ = try next()
      let end = try next()
      guard end.kind == .streamEnd else {
        throw notYAML("expected one document, found another", at: end.line)
      }
      return root
    }

    private func next() throws(ConfigurationError) -> YAMLReader.Piece {
      do { return try reader.next() } catch { throw notYAML(error.problem, at: error.line) }
    }

    private func notYAML(_ problem: String, at line: Int?) -> ConfigurationError {
      ConfigurationError(
        place: line.map { "\(place($0))" } ?? source, key: nil,
        reason: "this is not YAML: \(problem)")
    }

    private mutating func value(
      of piece: YAMLReader.Piece
    ) throws(ConfigurationError) -> ConfigurationValue {
      let content: ConfigurationValue.Content
      switch piece.kind {
      case .scalar(let text, let isPlain):
        let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
        content = isNull ? .null : .scalar(text, isPlain ? .plain : .quoted)
      case .listStart, .mapStart:
        guard depth < Self.depthMax else {
          throw notYAML("lists and maps stand in one another too deep", at: piece.line)
        }
        depth += 1
        content = piece.kind == .listStart ? .list(try items()) : .map(try entries())
        depth -= 1
      case .alias(let name):
        guard let known = anchors[name] else {
          throw notYAML("found undefined alias", at: piece.line)
        }
        content = known
      case .listEnd, .mapEnd, .documentStart, .documentEnd, .streamStart, .streamEnd:
        throw notYAML("a value is missing", at: piece.line)
      }
      if let anchor = piece.anchor { anchors[anchor] = content }
      return ConfigurationValue(content: content, place: place(piece.line))
    }

    private mutating func items() throws(ConfigurationError) -> [ConfigurationValue] {
      var items: [ConfigurationValue] = []
      while true {
        let piece = try next()
        if piece.kind == .listEnd { return items }
        items.append(try value(of: piece))
      }
    }

    private mutating func entries() throws(ConfigurationError) -> [ConfigurationValue.Entry] {
      var entries: [ConfigurationValue.Entry] = []
      var places: [String: ConfigurationValue.Place] = [:]
      while true {
        let piece = try next()
        if piece.kind == .mapEnd { return entries }
        guard case .scalar(let name, _) = piece.kind else {
          throw ConfigurationError(
            place: "\(place(piece.line))", key: nil, reason: "a key must be a plain word")
        }
        let here = place(piece.line)
        if let first = places.updateValue(here, forKey: name) {
          throw ConfigurationError(
            place: "\(first)", key: Secrets.masked(name), reason: "this key is given more than once"
          )
        }
        entries.append(.init(key: name, place: here, value: try value(of: next())))
      }
    }
  }
}
