import SegmentLog

/// Why the server did not start: a line and an exit code.
struct ServeFailure: Error, Equatable {
  var status: ExitStatus
  var reason: String
}

extension ServeFailure {
  /// Between the look at the log's door and its opening another process may have come first.
  init(_ error: LogOpenError) {
    let status: ExitStatus = if case .lock(.held) = error { .logInUse } else { .log }
    self.init(status: status, reason: "log: \(error)")
  }
}
