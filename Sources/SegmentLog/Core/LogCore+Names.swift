import Glibc

extension LogCore {
  /// What is written goes to the file that was opened, whatever stands under its name since: a segment
  /// that was deleted would take everything that is answered from then on along, and without `LOCK` a
  /// second process could write here. So what a name stands for is looked at once a second while
  /// something is written, and before each new segment.
  static let namesPeriodMs: UInt64 = 1000

  func checkNamesNowAndThen(nowMs: UInt64) throws(LogFailure) {
    let isDue = nowMs < namesCheckedAtMs || nowMs - namesCheckedAtMs >= Self.namesPeriodMs
    if isDue { try checkNames(nowMs: nowMs) }
  }

  func checkNames(nowMs: UInt64) throws(LogFailure) {
    namesCheckedAtMs = nowMs
    guard disk.isInPlace else { throw lost(".", "the directory that was opened") }
    guard isLocked() else { throw lost(FileNames.lock, "the file that this process locked") }
    let name = FileNames.segment(active.id)
    guard disk.isStill(active.file, under: name) else {
      throw lost(name, "the file that is written to")
    }
  }

  private func lost(_ name: String, _ what: String) -> LogFailure {
    var failure = stop(
      "looking at its files", DiskError(operation: .open, file: name, code: ENOENT))
    failure.reason =
      "\(failure.error.file) is not \(what) any more: it was deleted, moved or replaced while the log "
      + "was open. Nothing is taken any more, since what is written there may be lost"
    self.failure = failure
    return failure
  }
}
