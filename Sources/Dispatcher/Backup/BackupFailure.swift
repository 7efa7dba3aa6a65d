import Glibc
import SegmentLog

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

  /// What a failed call on a file of a log says.
  static func wrapping<Value>(
    _ work: () throws(DiskError) -> Value
  ) throws(BackupFailure) -> Value {
    do throws(DiskError) { return try work() } catch { throw BackupFailure("\(error)") }
  }
}
