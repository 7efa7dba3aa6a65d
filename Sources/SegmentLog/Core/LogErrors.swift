/// Why a log can't be opened. Nothing was changed on disk, apart from temporary files.
package enum LogError: Error, Sendable, Equatable, CustomStringConvertible {
  case disk(DiskError)
  /// Written by another version of the format, or with features of one; `found` says which.
  case otherVersion(file: String, found: String)
  /// A segment of another store stands in the directory.
  case foreignStore(file: String, found: String, expected: String)
  /// The file's name and its header disagree: two files claim one id, as a rule.
  case wrongIdentity(file: String, holds: UInt64)
  /// `store.json` can't be read and no segment can stand in for it.
  case identity(file: String, reason: String)
  /// Damage, and the options say to refuse.
  case damaged([Damage])

  package var description: String {
    switch self {
    case .disk(let error): "the log can't be opened: \(error)"
    case .otherVersion(let file, let found): "\(file): \(found)"
    case .identity(_, let reason): reason
    case .foreignStore(let file, let found, let expected):
      "\(file) belongs to the store \(found), not to this one (\(expected)): move it elsewhere"
    case .wrongIdentity(let file, let holds):
      "\(file) holds segment \(holds): it is a copy or was renamed; move it elsewhere, or back"
    case .damaged(let damage):
      "the log is damaged: " + damage.map(\.description).joined(separator: "; ")
    }
  }
}

/// The log can't go on: whether the last bytes are durable is not known. Everything is refused from
/// here on; the process ends and a new one recovers.
package struct LogFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was being done ("committing a frame").
  package var doing: String
  package var error: DiskError
  /// In other words than the error's own, for what is no failed call.
  package var reason: String?
  package var description: String { "the log stopped while \(doing): \(reason ?? "\(error)")" }
}

/// Why something new isn't taken. Nothing was staged.
package enum LogRefusal: Error, Sendable, Equatable {
  /// Only the room for outcomes is left; it opens by itself.
  case diskFull
  /// Damage was found at the start.
  case readOnly
  /// A batch that no frame can hold.
  case tooLarge
  /// After a `LogFailure`, or after `seal`.
  case stopped
}
