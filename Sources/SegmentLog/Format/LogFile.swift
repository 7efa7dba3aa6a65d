/// A file of the log that holds messages, or remembers them.
package enum LogFile: Sendable, Hashable {
  case wal(UInt64)
  case cold(UInt64)
  case dedup(UInt64)

  init(_ kind: SegmentHeader.Kind, _ id: UInt64) {
    switch kind {
    case .wal: self = .wal(id)
    case .cold: self = .cold(id)
    }
  }

  package var name: String {
    switch self {
    case .wal(let id): FileNames.segment(id)
    case .cold(let id): FileNames.cold(id)
    case .dedup(let id): FileNames.dedup(id)
    }
  }

  package var id: UInt64 {
    switch self {
    case .wal(let id), .cold(let id), .dedup(let id): id
    }
  }
}

extension CompactionRecord.Input {
  package var file: LogFile { LogFile(kind, id) }
}

extension NotePlace {
  var file: LogFile { LogFile(kind, segment) }
}

extension SegmentState {
  var logFile: LogFile { LogFile(kind, id) }
}
