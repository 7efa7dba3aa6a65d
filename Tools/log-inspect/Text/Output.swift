import Glibc

/// Standard output in large writes. A reader that went away ends the program quietly: by SIGPIPE, or
/// where whoever started it ignores that, because nothing can be written any more.
final class Output {
  private var buffer: [UInt8] = []
  private static let flushSize = 64 << 10

  func line(_ text: String) {
    buffer.append(text)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= Self.flushSize { flush() }
  }

  func object(_ body: (inout JSONObject) -> Void) {
    JSONObject.line(into: &buffer, body)
    if buffer.count >= Self.flushSize { flush() }
  }

  /// Whole lines that stand ready. False when nobody takes them.
  func write(_ bytes: [UInt8]) -> Bool { flush() && Self.write(bytes, to: STDOUT_FILENO) }

  @discardableResult
  func flush() -> Bool {
    defer { buffer.removeAll(keepingCapacity: true) }
    return Self.write(buffer, to: STDOUT_FILENO)
  }

  /// A line for the person, on standard error.
  static func note(_ text: String) { _ = write(Array((text + "\n").utf8), to: STDERR_FILENO) }

  /// False when they could not be written; `errno` says why.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        let code = errno
        if count < 0 && code != EINTR {
          errno = code
          return false
        }
        done += max(count, 0)
      }
      return true
    }
  }
}
