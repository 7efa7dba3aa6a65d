import Glibc
import Logging

/// Standard error as the process's log.
enum LogOutput {
  static let writer = LineWriter(descriptor: STDERR_FILENO)

  /// Once for the process, before the first logger is made.
  static func bootstrap(format: LogFormat, level: Logger.Level) {
    LoggingSystem.bootstrap { _ in LineLogHandler(format: format, level: level, writer: writer) }
  }
}
