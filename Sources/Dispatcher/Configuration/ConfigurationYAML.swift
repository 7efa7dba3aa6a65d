import Yams

/// From YAML text to values that know where they stand.
enum ConfigurationYAML {
  /// The entries of the top-level map; none for an empty document. `path` is what error lines name.
  static func parse(_ text: String, path: String) throws(ConfigurationError)
    -> [ConfigurationValue.Entry]
  {
    let root = try parse(text, place: { .file(path, line: $0) }, source: path)
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
    try parse(
      text, place: { _ in .environment(variable) },
      source: "\(ConfigurationValue.Place.environment(variable))")
  }

  private static func parse(
    _ text: String, place: (Int) -> ConfigurationValue.Place, source: String
  ) throws(ConfigurationError) -> ConfigurationValue {
    let node: Node?
    do {
      node = try Yams.compose(yaml: text, .basic)
    } catch {
      throw readable(error, place: place, source: source)
    }
    guard let node else { return ConfigurationValue(content: .null, place: place(1)) }
    return try value(of: node, place: place)
  }

  private static func value(
    of node: Node, place: (Int) -> ConfigurationValue.Place
  ) throws(ConfigurationError) -> ConfigurationValue {
    let here = place(node.mark?.line ?? 1)
    let content: ConfigurationValue.Content
    switch node {
    case .scalar(let scalar):
      let plain = scalar.style == .plain || scalar.style == .any
      if plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
        content = .null
      } else {
        content = .scalar(scalar.string, plain ? .plain : .quoted)
      }
    case .sequence(let sequence):
      var items: [ConfigurationValue] = []
      for item in sequence { items.append(try value(of: item, place: place)) }
      content = .list(items)
    case .mapping(let mapping):
      content = .map(try entries(of: mapping, place: place))
    case .alias:
      throw ConfigurationError(place: "\(here)", key: nil, reason: "aliases are not supported")
    }
    return ConfigurationValue(content: content, place: here)
  }

  private static func entries(
    of mapping: Node.Mapping, place: (Int) -> ConfigurationValue.Place
  ) throws(ConfigurationError) -> [ConfigurationValue.Entry] {
    var entries: [ConfigurationValue.Entry] = []
    for (key, node) in mapping {
      let keyPlace = place(key.mark?.line ?? 1)
      guard let name = key.scalar?.string else {
        throw ConfigurationError(
          place: "\(keyPlace)", key: nil, reason: "a key must be a plain word")
      }
      entries.append(
        .init(key: name, place: keyPlace, value: try value(of: node, place: place)))
    }
    return entries
  }

  /// Yams prints several lines with a picture of the place; ours is one line.
  private static func readable(
    _ error: any Error, place: (Int) -> ConfigurationValue.Place, source: String
  ) -> ConfigurationError {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _),
      YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      ConfigurationError(
        place: "\(place(mark.line))", key: nil, reason: "this is not YAML: \(problem)")
    case YamlError.duplicatedKeysInMapping(let keys, let context):
      ConfigurationError(
        place: "\(place(context.mark.line))", key: keys.first,
        reason: "this key is given more than once")
    case YamlError.reader(let problem, _, _, _):
      ConfigurationError(place: source, key: nil, reason: "this is not YAML: \(problem)")
    default:
      ConfigurationError(place: source, key: nil, reason: "this is not YAML")
    }
  }
}
