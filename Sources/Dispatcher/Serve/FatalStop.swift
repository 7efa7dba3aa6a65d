import Glibc
import Logging
import SegmentLog

/// The end of the process when the log can't go on. What was answered is safe; what waits was told
/// that its outcome is unknown; going on could only make promises that nobody keeps.
enum FatalStop {
  /// Returns at once: it is called on the log's own thread, which has others to tell yet.
  static func begin(_ failure: LogFailure, logger: Logger) {
    logger.critical("\(failure); the process ends, and a new start recovers")
    do {
      try RealThread.start("fatal-stop") {
        // For the 503s on their way to those who wait.
        usleep(250_000)
        end()
      }
    } catch {
      end()
    }
  }

  private static func end() {
    LogOutput.writer.flush()
    _exit(ExitStatus.log.rawValue)
  }
}
