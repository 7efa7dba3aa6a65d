import ArgumentParser
import Glibc

/// What the process's exit code says. The numbers are those of sysexits.h where it has one; for a
/// wrong command line ArgumentParser ends with its 64.
enum ExitStatus: Int32 {
  case failure = 1
  /// The log is damaged; what was asked for was done.
  case damage = 2
  /// The log can't be used as it stands, or its disk failed.
  case log = 74
  /// Another process holds the log.
  case logInUse = 75
  case configuration = 78

  /// Says why on standard error, in one line, and gives what a command throws to end.
  func saying(_ line: String) -> ExitCode {
    StandardError.print("dispatcher: \(line)")
    return ExitCode(rawValue)
  }
}

enum StandardError {
  static func print(_ line: String) {
    OutputFile.writeAll(Array("\(line)\n".utf8), to: STDERR_FILENO)
  }
}

/// Written at once: whoever reads a pipe waits for the line.
enum StandardOutput {
  static func print(_ line: String) {
    OutputFile.writeAll(Array("\(line)\n".utf8), to: STDOUT_FILENO)
  }
}
