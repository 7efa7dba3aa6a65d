/// The configuration in force, as a file that could be used again (but for hidden secrets).
enum ConfigurationReport {
  /// One line a key with where its value came from, in the order of `config.yml`.
  static func text(_ loaded: LoadedConfiguration) -> String {
    var lines: [String] = []
    var group: Substring?
    for key in ConfigurationKey.all {
      let parts = key.name.split(separator: ".")
      if parts.count > 1, group != parts[0] { lines.append("\(parts[0]):") }
      group = parts.count > 1 ? parts[0] : nil
      let indent = parts.count > 1 ? "  " : ""
      let value = "\(indent)\(parts[parts.count - 1]): \(key.show(loaded.configuration))"
      let padding = String(repeating: " ", count: max(1, 36 - value.count))
      lines.append("\(value)\(padding)# \(loaded.place(key.name))")
    }
    return lines.joined(separator: "\n")
  }
}
