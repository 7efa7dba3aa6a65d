/// Sizes as people write them: `1048576`, `256KiB`, `64MiB`, `1GiB`; also `kB`, `MB`, `GB` by 1000.
enum ByteSize {
  private static let units: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1),
  ]

  /// nil when the text is not a size, negative, or too large to count. `64M` is refused, since
  /// nobody can tell which of the two it means.
  static func parse(_ text: String) -> Int? {
    let number = text.prefix(while: \.isASCIIDigit)
    let name = text.dropFirst(number.count).trimmed.lowercased()
    guard let count = Int(number) else { return nil }
    if name.isEmpty { return count }
    guard let unit = units.first(where: { $0.name.lowercased() == name }) else { return nil }
    let (bytes, tooLarge) = count.multipliedReportingOverflow(by: unit.bytes)
    return tooLarge ? nil : bytes
  }

  /// With the largest binary unit that divides it.
  static func format(_ bytes: Int) -> String {
    for unit in units.prefix(3) where bytes >= unit.bytes && bytes.isMultiple(of: unit.bytes) {
      return "\(bytes / unit.bytes)\(unit.name)"
    }
    return "\(bytes)"
  }

  /// For a sentence: one decimal of the largest fitting unit (`3.4 MiB`).
  static func rounded(_ bytes: UInt64) -> String {
    for unit in units.prefix(3) where bytes >= UInt64(unit.bytes) {
      let size = UInt64(unit.bytes)
      return "\(bytes / size).\(bytes % size * 10 / size) \(unit.name)"
    }
    return "\(bytes) bytes"
  }
}
