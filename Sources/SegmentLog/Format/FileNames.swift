/// The names in a log directory.
package enum FileNames {
  package static let lock = "LOCK"
  package static let identity = "store.json"
  package static let identityTemporary = "store.json.tmp"
  /// The segment that is prepared ahead.
  package static let next = "next.tmp"
  package static let quarantine = "quarantine"

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

  /// `ckpt-<n>`
  package static func checkpoint(_ number: UInt64) -> String { "ckpt-\(number)" }
  package static let checkpointTemporary = "ckpt.tmp"

  /// The number in a checkpoint's name; nil when it is no checkpoint's name exactly.
  package static func checkpointNumber(_ name: String) -> UInt64? {
    guard name.hasPrefix("ckpt-"), let number = UInt64(name.dropFirst(5)),
      checkpoint(number) == name
    else { return nil }
    return number
  }

  package static func isTemporary(_ name: String) -> Bool { name.hasSuffix(".tmp") }
}
