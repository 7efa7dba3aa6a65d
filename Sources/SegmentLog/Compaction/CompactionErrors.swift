/// Why a compaction stopped. Its inputs stay in force, and nothing of its output is left.
enum CompactionError: Error, Sendable, Equatable {
  /// An output could not be written.
  case output(DiskError)
  /// What was written doesn't read back as what was meant.
  case unfaithful(String)
  /// The pacer said so: the log is being closed.
  case cancelled
  /// The directory could not be synced: which names are durable is not known any more, and the next
  /// sync may report success. The log can't go on.
  case namesUnknown(DiskError)
}

/// Why a segment is not compacted: it stays as it is.
package struct RefusedInput: Error, Sendable, Equatable, CustomStringConvertible {
  package var input: CompactionRecord.Input
  package var file: String
  package var reason: String
  package var description: String { "\(file) is left as it is: \(reason)" }
}

/// What reading an input can end in.
enum CompactionStop: Error {
  case refused(RefusedInput)
  case failed(CompactionError)
}

extension CompactionError: CustomStringConvertible {
  var description: String {
    switch self {
    case .output(let error), .namesUnknown(let error): error.description
    case .unfaithful(let what): "the compacted file does not hold what it should: \(what)"
    case .cancelled: "cancelled"
    }
  }
}
