import Delivery
import Glibc

/// Standard output in large writes. What can't be written is never a success: `failure` says why, and
/// nothing further is tried. (A reader that went away ends the program by SIGPIPE, where whoever
/// started it doesn't ignore that.)
final class Output {
  private var buffer: [UInt8] = []
  /// The `errno` of the write that failed.
  private(set) var failure: Int32?
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

  /// Whole lines for standard output, in which nothing steers a terminal. False when they could not
  /// be written.
  ///
  /// Texts were made safe before, and of JSON only what is in its strings is escaped once more: it
  /// means the same.
  static func print(_ lines: [UInt8]) -> Bool {
    if isASCII(lines) { return write(lines, to: STDOUT_FILENO) }
    return write(
      Array(VisibleText.escaped(String(decoding: lines, as: UTF8.self)).utf8), to: STDOUT_FILENO)
  }

  /// Nearly everything is.
  private static func isASCII(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var bits: UInt64 = 0
      let words = bytes.count & ~7
      for at in stride(from: 0, to: words, by: 8) {
        bits |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      }
      for at in words..<bytes.count { bits |= UInt64(bytes[at]) }
      return bits & 0x8080_8080_8080_8080 == 0
    }
  }

  /// Whole lines that stand ready. False when nobody takes them.
  func write(_ bytes: [UInt8]) -> Bool { flush() && take(Self.print(bytes)) }

  private func take(_ isWritten: Bool) -> Bool {
    if !isWritten { failure = errno }
    return isWritten
  }

  @discardableResult
  func flush() -> Bool {
    defer { buffer.removeAll(keepingCapacity: true) }
    return failure == nil && take(Self.print(buffer))
  }

  /// A line for the person, on standard error.
  static func note(_ text: String) { _ = write(Array((text + "\n").utf8), to: STDERR_FILENO) }

  /// False when they could not be written; `errno` says why.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    guard let code = OutputFile.writeAll(bytes, to: descriptor) else { return true }
    errno = code
    return false
  }
}
