import Glibc

/// Why there is no backup, or nothing was restored: one line and an exit code.
struct BackupFailure: Error {
  var status: ExitStatus
  var reason: String

  init(_ reason: String, _ status: ExitStatus = .failure) {
    self.status = status
    self.reason = reason
  }

  /// A failed call of the operating system on the file at `path`.
  init(_ path: String, _ code: Int32) {
    self.init("\(path): \(String(cString: strerror(code)))")
  }
}
