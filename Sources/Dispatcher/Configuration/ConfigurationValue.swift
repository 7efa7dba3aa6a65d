/// A value as it was written, before it is known what it should be.
struct ConfigurationValue: Sendable, Equatable {
  var content: Content
  var place: Place

  indirect enum Content: Sendable, Equatable {
    /// Nothing was written behind the key: the default holds.
    case null
    case scalar(String, Style)
    case list([ConfigurationValue])
    case map([Entry])
  }

  struct Entry: Sendable, Equatable {
    var key: String
    /// Where the key stands.
    var place: Place
    var value: ConfigurationValue
  }

  /// How a scalar was written; it decides whether `123` may be meant as text.
  enum Style: Sendable, Equatable {
    case plain, quoted
    /// A variable of the environment, which has no types: it is whatever the key wants.
    case environment
  }

  /// Where a value was written.
  enum Place: Sendable, Equatable {
    case builtIn
    case file(String, line: Int)
    case environment(String)
  }
}

extension ConfigurationValue.Place: CustomStringConvertible {
  var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .environment(let name): "environment variable \(name)"
    }
  }
}

/// Why the process does not start with this configuration: one line for a person.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// File and line, or the variable.
  var place: String
  /// nil when the whole file is meant.
  var key: String?
  var reason: String

  var description: String {
    [place, key, reason].compactMap { $0 }.joined(separator: ": ")
  }
}
