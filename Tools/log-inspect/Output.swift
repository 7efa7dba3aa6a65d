import Glibc

/// Standard output in large writes. A reader that went away ends the program quietly (SIGPIPE).
final class Output {
  private var buffer: [UInt8] = []
  private static let flushSize = 64 << 10

  func line(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= Self.flushSize { flush() }
  }

  func flush() {
    Self.write(buffer, to: STDOUT_FILENO)
    buffer.removeAll(keepingCapacity: true)
  }

  /// A line for the person, on standard error.
  static func note(_ text: String) { write(Array((text + "\n").utf8), to: STDERR_FILENO) }

  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        let code = errno
        if count < 0 && code != EINTR { return }
        done += max(count, 0)
      }
    }
  }
}
