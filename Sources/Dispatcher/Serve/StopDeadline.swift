import Dispatch
import Glibc
import Logging

/// The end of a stop that takes too long: a disk that hangs, for instance. On a queue of its own, so
/// that it works whatever the rest of the process is stuck in. What was answered is safe, and the
/// next start recovers the rest.
enum StopDeadline {
  private static let queue = DispatchQueue(label: "stop deadline")

  /// Ends the process after `time`, unless it has ended before.
  static func begin(_ time: Duration, logger: Logger) {
    queue.asyncAfter(deadline: .now() + .milliseconds(Int(clamping: time.milliseconds))) {
      logger.critical(
        "the stop took longer than stop_timeout; the process ends, and a new start recovers")
      LogOutput.writer.flush()
      _exit(ExitStatus.failure.rawValue)
    }
  }
}
