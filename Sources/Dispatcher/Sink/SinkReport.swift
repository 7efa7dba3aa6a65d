import Delivery
import NIOCore
import NIOHTTP1

/// A request as the sink saw it, and how it is printed.
struct SinkReport {
  var number: Int
  var head: HTTPRequestHead
  /// The beginning of the body, at most `bodyBytesKept`.
  var body: ByteBuffer
  /// All of the body, bytes.
  var bodyBytes: Int
  var status: Int

  /// What is printed beside the one line.
  struct Parts: Sendable {
    var headers = false
    var body = false
  }

  static let bodyBytesKept = 64 << 10

  func text(timeMs: UInt64, showing parts: Parts) -> String {
    var line = "#\(number) \(UTCTime.text(unixMs: timeMs)) \(Self.printable(head.method.rawValue)) "
    line += Self.printable(head.uri)
    line += " \(bodyBytes) bytes"
    if let id = head.headers.first(name: "webhook-id") { line += " id=\(Self.printable(id))" }
    if let attempt = head.headers.first(name: "Dispatcher-Attempt") {
      line += " attempt=\(Self.printable(attempt))"
    }
    line += " -> \(status)\n"
    if parts.headers {
      for (name, value) in head.headers {
        line += "    \(Self.printable(name)): \(Self.printable(value))\n"
      }
    }
    if parts.body, bodyBytes > 0 {
      let text = String(decoding: body.readableBytesView, as: UTF8.self)
      for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
        line += "    | \(Self.printable(String(row)))\n"
      }
      if body.readableBytes < bodyBytes {
        line += "    | (and \(bodyBytes - body.readableBytes) bytes more)\n"
      }
    }
    return line
  }

  /// What arrives must not drive the terminal; a tab does no harm.
  private static func printable(_ text: String) -> String {
    text.split(separator: "\t", omittingEmptySubsequences: false)
      .map { VisibleText.replaced(String($0)) }.joined(separator: "\t")
  }
}
