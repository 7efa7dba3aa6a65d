/// Why the running log did not do what it was asked for.
package enum LogRejection: Error, Sendable, Equatable {
  /// Too much waits for the writer or the reader; nothing was taken.
  case full
  /// No room on the disk; nothing was taken.
  case diskFull
  /// Damage was found at the start; nothing new is taken. The engine's own words.
  case readOnly(String)
  /// A batch that no frame can hold; nothing was taken.
  case tooLarge
  /// Closing, closed or failed; nothing was taken.
  case unavailable(String)
  /// It was handed to the writer, and then the log failed: it may be durable or not.
  case outcomeUnknown
}

/// Why a log can't be opened for writing.
package enum LogOpenError: Error, Sendable, Equatable, CustomStringConvertible {
  case thread(ThreadError)
  /// The directory itself: not there, not writable, or a file.
  case directory(FileDisk.OpenFailure)
  /// Another process has it, as a rule.
  case lock(DirectoryLock.Failure)
  case log(LogError)

  package var description: String {
    switch self {
    case .thread(let error): error.description
    case .directory(let failure): failure.description
    case .lock(let failure): failure.description
    case .log(let error): error.description
    }
  }
}
