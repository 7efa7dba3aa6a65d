/// The names in a log directory.
package enum FileNames {
  package static let lock = "LOCK"
  package static let identity = "store.json"
  package static let identityTemporary = "store.json.tmp"
  /// The segment that is prepared ahead.
  package static let next = "next.tmp"
  /// Files of zeros that become segments, or checkpoints, when there is no room to make one.
  package static let segmentReserves = ["reserve-1", "reserve-2"]
  package static let checkpointReserves = ["reserve-3", "reserve-4"]
  package static let reserves = segmentReserves + checkpointReserves
  package static let quarantine = "quarantine"
  /// Not the engine's: which messages are being attempted, while the server watches for those that
  /// end its process.
  package static let inFlight = "in-flight"
  /// What the log's own time was at one moment.
  package static let clock = "clock"
  /// What an operator has given up.
  package static let acceptedDamage = "accepted-damage"

  /// `wal-<16 hex digits>.seg`
  package static func segment(_ id: UInt64) -> String {
    "wal-\(digits(id)).seg"
  }

  /// The id in a segment's name; nil when it is no segment's name exactly.
  package static func segmentID(_ name: String) -> UInt64? {
    id(name, segment)
  }

  /// `cold-<16 hex digits>.seg`
  package static func cold(_ id: UInt64) -> String { "cold-\(digits(id)).seg" }
  package static func coldID(_ name: String) -> UInt64? { id(name, cold) }

  /// `dedup-<16 hex digits>`
  package static func dedup(_ id: UInt64) -> String { "dedup-\(digits(id))" }
  package static func dedupID(_ name: String) -> UInt64? { id(name, dedup) }

  /// The name of a segment of either kind.
  package static func segment(_ kind: SegmentHeader.Kind, _ id: UInt64) -> String {
    switch kind {
    case .wal: segment(id)
    case .cold: cold(id)
    }
  }

  private static func digits(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Exactly the name that `make` gives for an id.
  private static func id(_ name: String, _ make: (UInt64) -> String) -> UInt64? {
    let digits = name.drop { $0 != "-" }.dropFirst().prefix(16)
    guard digits.utf8.count == 16, let id = UInt64(digits, radix: 16), make(id) == name else {
      return nil
    }
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
