import Delivery
import SegmentLog

/// Writes messages as the envelopes that `POST /` takes, one a line, with every field as it was
/// given: posted again while its UUID is remembered, such a message is a duplicate.
enum EnvelopeFormatter {
  static func append(
    _ message: DirectoryMessage, uuid: [UInt8], payload: UnsafeRawBufferPointer,
    to out: inout [UInt8]
  ) throws(MessagePayloadError) {
    let parts = try MessagePayload.Parts(payload)
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: payload[range])
    }
    JSONObject.line(into: &out) { object in
      object.add("UUID", quoted: uuid)
      object.add("Url", text: bytes(parts.url))
      if !parts.method.isEmpty { object.add("Method", text: bytes(parts.method)) }
      if !parts.headers.isEmpty { object.add("Header") { add(parts.headers, bytes, to: &$0) } }
      if !parts.body.isEmpty { add(body: bytes(parts.body), to: &object) }
      if parts.timeoutMs > 0 { object.add("Timeout", parts.timeoutMs) }
      object.add(message.start)
      add(retry: message, parts.scheduleMs, to: &object)
    }
  }

  /// A name with several values has them in an array: the envelope allows no name twice.
  private static func add(
    _ headers: [(name: Range<Int>, value: Range<Int>)],
    _ bytes: (Range<Int>) -> UnsafeRawBufferPointer, to object: inout JSONObject
  ) {
    for (index, header) in headers.enumerated() {
      let name = bytes(header.name)
      func isSame(_ other: (name: Range<Int>, value: Range<Int>)) -> Bool {
        equalsIgnoringCase(bytes(other.name), name)
      }
      if headers[..<index].contains(where: isSame) { continue }
      if headers[(index + 1)...].contains(where: isSame) {
        object.add(name, strings: headers[index...].filter(isSame).map { bytes($0.value) })
      } else {
        object.add(name, text: bytes(header.value))
      }
    }
  }

  private static func equalsIgnoringCase(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    return left.count == right.count && zip(left, right).allSatisfy { folded($0) == folded($1) }
  }

  /// As text, unless it is none, or so full of control characters that base64 is shorter: an
  /// envelope may only be so long.
  private static func add(body: UnsafeRawBufferPointer, to object: inout JSONObject) {
    let extra = JSONText.escapes(in: body)
    if extra <= body.count / 3, UTF8Check.isValid(body) {
      object.add("Body", text: body, extra: extra)
    } else {
      object.add("BodyBase64", quoted: Base64Text.encode(body))
    }
  }

  private static func add(
    retry message: DirectoryMessage, _ scheduleMs: [UInt32]?, to object: inout JSONObject
  ) {
    guard message.maxAttempts != nil || message.maxAgeMs != nil || scheduleMs != nil else { return }
    object.add("Retry") { object in
      if let maxAttempts = message.maxAttempts { object.add("MaxAttempts", maxAttempts) }
      if let maxAge = message.maxAgeMs { object.add("MaxAge", maxAge) }
      if let scheduleMs { object.add("Schedule", numbers: scheduleMs) }
    }
  }
}

enum UTF8Check {
  static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    // Eight bytes of ASCII at a time; most bodies are nothing else.
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      guard word & 0x8080_8080_8080_8080 == 0 else { break }
      index += 8
    }
    return String(validating: bytes[index...], as: UTF8.self) != nil
  }
}

/// RFC 4648 §4, padded.
enum Base64Text {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var group: UInt32 = 0
      for index in 0..<3 {
        group = group << 8 | (index < count ? UInt32(bytes[start + index]) : 0)
      }
      for index in 0..<4 {
        text.append(
          index <= count
            ? alphabet[Int(group >> UInt32(18 - index * 6) & 63)] : UInt8(ascii: "="))
      }
    }
    return text
  }
}
