import FoundationEssentials

/// A configuration and where each of its values came from.
struct LoadedConfiguration: Sendable {
  private(set) var configuration = Configuration()
  /// By the name of the key; absent = the default.
  private(set) var places: [String: ConfigurationValue.Place] = [:]
  /// The file that was read; nil = there was none.
  private(set) var file: String?

  /// The file's values under those of the environment, checked each alone and all together.
  ///
  /// - Parameters:
  ///   - file: the text of the configuration file and the path that error lines name; nil = none.
  ///   - environment: all variables of the process; those that do not begin with `DISPATCHER_` are
  ///     left alone.
  init(
    file: (text: String, path: String)?, environment: [String: String]
  ) throws(ConfigurationError) {
    if let file {
      self.file = file.path
      let entries = try ConfigurationYAML.parse(file.text, path: file.path)
      try apply(entries, within: nil)
    }
    try apply(environment)
    try checkTogether()
  }

  /// The file with its whole path, for a line of the log.
  var source: String {
    func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
    guard let file else { return "none (there is no \(absolute(ConfigurationFile.defaultPath)))" }
    return absolute(file)
  }

  func place(_ key: String) -> ConfigurationValue.Place { places[key] ?? .builtIn }

  private mutating func apply(
    _ entries: [ConfigurationValue.Entry], within group: String?
  ) throws(ConfigurationError) {
    for entry in entries {
      let name = group.map { "\($0).\(entry.key)" } ?? entry.key
      if group == nil, ConfigurationKey.groups.contains(name) {
        try applyGroup(name, entry.value)
      } else if let key = ConfigurationKey.named(name), group != nil || !name.contains(".") {
        try apply(key, entry.value)
      } else {
        throw ConfigurationError(
          place: "\(entry.place)", key: Secrets.masked(name),
          reason: "unknown key" + Suggestion.sentence(for: entry.key, within: group))
      }
    }
  }

  private mutating func applyGroup(
    _ name: String, _ value: ConfigurationValue
  ) throws(ConfigurationError) {
    switch value.content {
    case .null: break
    case .map(let entries): try apply(entries, within: name)
    case .scalar, .list:
      throw ConfigurationError(
        place: "\(value.place)", key: name,
        reason: "expected a map such as {initial: 2s, cap: 1h}, found \(value.described)")
    }
  }

  private mutating func apply(
    _ key: ConfigurationKey, _ value: ConfigurationValue
  ) throws(ConfigurationError) {
    if value.content == .null { return }
    do {
      try key.apply(value, &configuration)
    } catch {
      throw ConfigurationError(place: "\(value.place)", key: key.name, reason: error.reason)
    }
    places[key.name] = value.place
  }

  /// A group's variable first, so that the variable of a single key wins over it.
  private mutating func apply(_ environment: [String: String]) throws(ConfigurationError) {
    for group in ConfigurationKey.groups {
      let name = ConfigurationKey.environmentPrefix + group.uppercased()
      if let text = environment[name], !text.isEmpty {
        try applyGroup(group, try ConfigurationYAML.parse(text, variable: name))
      }
    }
    let keys = ConfigurationKey.all
    for name in environment.keys.sorted() where EnvironmentNames.isOurs(name) {
      let text = environment[name] ?? ""
      guard let key = keys.first(where: { $0.environmentName == name }) else {
        throw ConfigurationError(
          place: "\(ConfigurationValue.Place.environment(name))", key: nil,
          reason: "unknown key"
            + Suggestion.sentence(for: name, among: keys.map(\.environmentName)))
      }
      // Empty is as good as unset: that is how compose files and unit files blank a variable.
      if text.isEmpty { continue }
      var value = ConfigurationValue(
        content: .scalar(text, .environment), place: .environment(name))
      if text.hasPrefix("["), ConfigurationKey.lists.contains(key.name) {
        value = try ConfigurationYAML.parse(text, variable: name)
      }
      try apply(key, value)
    }
  }

  /// What no value can be judged for alone.
  private func checkTogether() throws(ConfigurationError) {
    if configuration.retry.cap < configuration.retry.initial {
      let key = places["retry.cap"] == nil ? "retry.initial" : "retry.cap"
      throw problem(
        key,
        "the longest wait (\(DurationText.format(configuration.retry.cap))) is shorter than the "
          + "first one (\(DurationText.format(configuration.retry.initial)))")
    }
    if configuration.timeout > configuration.maxTimeout {
      throw problem(
        places["max_timeout"] == nil ? "timeout" : "max_timeout",
        "the longest timeout (\(DurationText.format(configuration.maxTimeout))) is shorter than "
          + "timeout (\(DurationText.format(configuration.timeout)))")
    }
    guard let admin = configuration.admin else { return }
    if !admin.isLoopback, configuration.adminToken == nil {
      throw problem(
        "admin", "\(admin) can be reached from other machines: this needs an admin_token")
    }
    if admin.collides(with: configuration.listen) {
      throw problem(
        places["admin"] == nil ? "listen" : "admin",
        "listen \(configuration.listen) and admin \(admin) want the same port")
    }
  }

  private func problem(_ key: String, _ reason: String) -> ConfigurationError {
    ConfigurationError(place: "\(place(key))", key: key, reason: reason)
  }
}
