import ArgumentParser
import Delivery
import Glibc

/// What the process's exit code says. The numbers are those of sysexits.h where it has one; for a
/// wrong command line ArgumentParser ends with its 64.
enum ExitStatus: Int32 {
  case failure = 1
  /// The log is damaged; what was asked for was done.
  case damage = 2
  /// What was to be read can't be.
  case input = 66
  /// What was to be printed can't be written; what was asked for was done.
  case output = 73
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

enum StandardInput {
  /// All of it, until whoever writes it closes it; nil when it can't be read.
  static func readAll() -> [UInt8]? {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(STDIN_FILENO, &part, part.count)
      if count == 0 { return bytes }
      if count > 0 {
        bytes += part[..<count]
      } else if errno != EINTR {
        return nil
      }
    }
  }
}

/// What is printed may be a stranger's text: it is to be read by a person, not obeyed by a terminal.
enum StandardError {
  static func print(_ line: String) {
    OutputFile.writeAll(Array("\(VisibleText.escaped(line))\n".utf8), to: STDERR_FILENO)
  }
}

/// Written at once: whoever reads a pipe waits for the line.
enum StandardOutput {
  /// - Throws: what ends the command when the line can't be written: that is never a success.
  static func print(_ line: String) throws(ExitCode) {
    let code = OutputFile.writeAll("\(VisibleText.escaped(line))\n".utf8, to: STDOUT_FILENO)
    guard let code else { return }
    throw ExitStatus.output.saying(StandardStreams.failure(code))
  }
}
