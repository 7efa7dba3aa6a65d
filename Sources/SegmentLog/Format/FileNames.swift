/// The names in a log directory.
package enum FileNames {
  package static let lock = "LOCK"
  package static let identity = "store.json"
  package static let identityTemporary = "store.json.tmp"
  /// The segment that is prepared ahead.
  package static let next = "next.tmp"
  package static let quarantine = "quarantine"
  /// What an operator has given up.
  package static let acceptedDamage = "accepted-damage"

  /// `wal-<16 hex digits>.seg`
  package static func segment(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return "wal-" + String(repeating: "0", count: 16 - digits.count) + digits + ".seg"
  }

  /// The id in a segment's name; nil when it is no segment's name exactly.
  package static func segmentID(_ name: String) -> UInt64? {
    guard name.utf8.count == 24, name.hasPrefix("wal-"), name.hasSuffix(".seg"),
      let id = UInt64(name.dropFirst(4).dropLast(4), radix: 16), segment(id) == name
    else { return nil }
    return id
  }

  package static func isTemporary(_ name: String) -> Bool { name.hasSuffix(".tmp") }
}
