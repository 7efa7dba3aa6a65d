import NIOCore

/// The head of one request, already checked against RFC 9112.
///
/// It keeps the bytes it was read from and what the accept path needs of them; everything else is
/// read from the bytes when it is asked for, so that a message costs no allocation per field.
package struct RequestHead: Sendable {
  /// How the end of the body is found.
  package enum BodyLength: Sendable, Equatable {
    case none
    case fixed(Int)
    case chunked
  }

  /// What the caller says the body is.
  package enum ContentType: Sendable, Equatable {
    case missing
    /// `application/json` or `application/…+json`, with or without `charset=utf-8`.
    case json
    /// `application/x-www-form-urlencoded`: what curl says unless told otherwise.
    case form
    case other
  }

  /// What was done to the body's bytes before they were sent.
  package enum ContentEncoding: Sendable, Equatable {
    case identity
    case gzip
    /// Another coding, or several.
    case other
  }

  package var method = ""
  /// HTTP/1.x: the x.
  package var minorVersion = 1
  package var bodyLength = BodyLength.none
  package var contentType = ContentType.missing
  package var contentEncoding = ContentEncoding.identity
  /// The connection may be kept after the answer, as far as the client is concerned.
  package var keepAlive = true
  /// `Expect: 100-continue` stands in the head and the client may wait for the interim answer.
  package var expectsContinue = false
  /// Not unquoted.
  package var idempotencyKey: String?
  package var host: String?
  /// It brings what only browsers say of themselves, `Origin` or `Sec-Fetch-Site`.
  package var comesFromBrowser = false
  /// `POST /` or `POST /messages`.
  package var isEnqueue = false

  /// Request line and header lines, each with its CRLF.
  var bytes = ByteBuffer()
  var targetRange = 0..<0
  var pathRange = 0..<0
  /// Where the header lines begin in `bytes`.
  var fieldsStart = 0

  /// Path and query; for a target in absolute form without scheme and authority.
  package var target: String { text(targetRange) }
  package var path: String { text(pathRange) }

  /// All header fields in their order.
  package func fields() -> [(name: String, value: String)] {
    bytes.withUnsafeReadableBytes { all in
      var fields: [(name: String, value: String)] = []
      var start = fieldsStart
      while let end = all.firstIndex(of: ASCII.lineFeed, from: start) {
        let line = UnsafeRawBufferPointer(rebasing: all[start..<end - 1])
        start = end + 1
        guard let colon = line.firstIndex(of: ASCII.colon, from: 0) else { continue }
        let value = UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]).trimmingBlanks()
        fields.append(
          (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
      }
      return fields
    }
  }

  /// The values of a field, `name` in any case.
  package func values(of name: String) -> [String] {
    let wanted = name.lowercased()
    return fields().filter { $0.name.lowercased() == wanted }.map(\.value)
  }

  private func text(_ range: Range<Int>) -> String {
    bytes.withUnsafeReadableBytes { String(decoding: $0[range], as: UTF8.self) }
  }
}
