@preconcurrency import Glibc

/// The three descriptors that a program is given, or should have been.
package enum StandardStreams {
  /// What a program ends with when its output can't be written: who reads no more than the exit code
  /// must not take half an answer, or none, for a whole one.
  package static let failureStatus = EX_CANTCREAT

  /// Called before anything else.
  package static func prepare() {
    occupy()
    // The help and the version are printed through the C library, which writes at the very end.
    atexit {
      guard fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
      OutputFile.writeAll(
        "\(StandardStreams.failure(errno))\n".utf8, to: STDERR_FILENO)
      _exit(StandardStreams.failureStatus)
    }
  }

  /// What to say of an `errno` of standard output.
  package static func failure(_ code: CInt) -> String {
    "standard output can't be written: \(String(cString: strerror(code)))"
  }

  /// A descriptor that was closed would be given to the next file that is opened, and what is printed
  /// would be written into a log. In its place stands one that can't be used.
  private static func occupy() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
