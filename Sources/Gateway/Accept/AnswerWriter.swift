import NIOCore
import NIOHTTP1

/// Puts answers into bytes. It stands in the place of NIO's response encoder, which writes head,
/// body and end as three parts; here an answer is one buffer.
struct AnswerWriter {
  /// What the answer's head says about the connection.
  enum Connection {
    /// HTTP/1.1 keeps it unless told otherwise.
    case unsaid
    /// An HTTP/1.0 client asked for it.
    case keep
    case close

    init(head: RequestHead, closes: Bool) {
      self = closes ? .close : head.minorVersion == 0 ? .keep : .unsaid
    }

    var line: StaticString {
      switch self {
      case .unsaid: ""
      case .keep: "Connection: keep-alive\r\n"
      case .close: "Connection: close\r\n"
      }
    }
  }

  static let interim: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

  let allocator: ByteBufferAllocator
  /// `Date: …` with its CRLF.
  let dateLine: String

  /// The 202 to a message, in one allocation.
  func accepted(uuid: String, duplicate: Bool, _ connection: Connection) -> ByteBuffer {
    let opening: StaticString = "{\"UUID\":\""
    let closing: StaticString = duplicate ? "\",\"Duplicate\":true}" : "\",\"Duplicate\":false}"
    let length = opening.utf8CodeUnitCount + uuid.utf8.count + closing.utf8CodeUnitCount
    var buffer = allocator.buffer(capacity: 288 + 2 * uuid.utf8.count)
    buffer.writeStaticString(
      "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n")
    buffer.writeString(dateLine)
    buffer.writeStaticString("Location: /messages/")
    buffer.writeString(uuid)
    buffer.writeStaticString("\r\nContent-Length: ")
    buffer.writeString(String(length))
    buffer.writeStaticString("\r\n")
    buffer.writeStaticString(connection.line)
    buffer.writeStaticString("\r\n")
    buffer.writeStaticString(opening)
    buffer.writeString(uuid)
    buffer.writeStaticString(closing)
    return buffer
  }

  /// - Parameter withBody: false for `HEAD`: the length is told, the body is not sent.
  func write(_ answer: Answer, _ connection: Connection, withBody: Bool) -> ByteBuffer {
    let length = answer.body.readableBytes
    var buffer = allocator.buffer(capacity: 352 + (withBody ? length : 0))
    let status = HTTPResponseStatus(statusCode: answer.status)
    buffer.writeString("HTTP/1.1 \(answer.status) \(status.reasonPhrase)\r\n")
    if let contentType = answer.contentType {
      buffer.writeString("Content-Type: \(contentType)\r\n")
    }
    // What is true now is not in a second; a 404 may be heuristically kept (RFC 9111 §4.2.2).
    buffer.writeStaticString("Cache-Control: no-store\r\n")
    buffer.writeString(dateLine)
    for field in answer.fields { buffer.writeString("\(field.name): \(field.value)\r\n") }
    // A 204 has no length (RFC 9110 §8.6).
    if answer.status != 204 { buffer.writeString("Content-Length: \(length)\r\n") }
    buffer.writeStaticString(connection.line)
    buffer.writeStaticString("\r\n")
    if withBody { buffer.writeImmutableBuffer(answer.body) }
    return buffer
  }
}
