/// Why bytes are not a payload. Offsets in bytes from its start.
package enum MessagePayloadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Written by a newer version.
  case unknownVersion(UInt8)
  case unknownFlags(UInt8)
  /// A length points beyond the end.
  case truncated(offset: Int)
  case badNumber(offset: Int)
  case badText(offset: Int)
  case trailingBytes(offset: Int)

  package var description: String {
    switch self {
    case .unknownVersion(let version): "message payload has unknown version \(version)"
    case .unknownFlags(let flags): "message payload has unknown flags \(flags)"
    case .truncated(let offset): "message payload ends too early at byte \(offset)"
    case .badNumber(let offset): "message payload has a number out of range at byte \(offset)"
    case .badText(let offset): "message payload has invalid UTF-8 at byte \(offset)"
    case .trailingBytes(let offset): "message payload goes on after its end at byte \(offset)"
    }
  }
}

extension MessagePayload {
  /// The message again. What is not in the payload is given back by the log's record.
  package static func decode(
    _ payload: UnsafeRawBufferPointer, uuid: String, origin: Origin, start: Message.Start,
    maxAgeMs: UInt64?, maxAttempts: UInt32?
  ) throws(MessagePayloadError) -> Message {
    let parts = try Parts(payload)
    let url = try text(parts.url, of: payload)
    let method = try text(parts.method, of: payload)
    var headers: [HeaderField] = []
    headers.reserveCapacity(parts.headers.count)
    for (name, value) in parts.headers {
      headers.append(
        HeaderField(name: try text(name, of: payload), value: try text(value, of: payload)))
    }
    return Message(
      uuid: uuid, url: url, origin: origin, method: method.isEmpty ? "POST" : method,
      headers: headers, body: [UInt8](payload[parts.body]), timeoutMs: parts.timeoutMs,
      start: start,
      limits: RetryLimits(
        maxAttempts: maxAttempts, maxAgeMs: maxAgeMs, scheduleMs: parts.scheduleMs))
  }

  private static func text(
    _ range: Range<Int>, of payload: UnsafeRawBufferPointer
  ) throws(MessagePayloadError) -> String {
    guard let text = String(validating: payload[range], as: UTF8.self) else {
      throw .badText(offset: range.lowerBound)
    }
    return text
  }

  package static func decode(
    _ payload: [UInt8], uuid: String, origin: Origin, start: Message.Start, maxAgeMs: UInt64?,
    maxAttempts: UInt32?
  ) throws(MessagePayloadError) -> Message {
    try payload.withUnsafeBufferPointer { (bytes) throws(MessagePayloadError) in
      try decode(
        UnsafeRawBufferPointer(bytes), uuid: uuid, origin: origin, start: start, maxAgeMs: maxAgeMs,
        maxAttempts: maxAttempts)
    }
  }

  /// What is shown of a message, without a copy of its body.
  package static func summary(
    of payload: UnsafeRawBufferPointer
  ) throws(MessagePayloadError) -> (url: String, method: String) {
    var reader = PayloadReader(payload)
    _ = try reader.preamble()
    _ = try reader.number(upTo: UInt64(UInt32.max))
    let url = try text(try reader.block(), of: payload)
    let method = try text(try reader.block(), of: payload)
    return (url, method.isEmpty ? "POST" : method)
  }

  /// Where the parts of a payload stand in it. Texts are UTF-8 as far as the writer kept to it.
  package struct Parts: Sendable {
    package let timeoutMs: UInt32
    package let url: Range<Int>
    /// Empty means POST.
    package let method: Range<Int>
    package let headers: [(name: Range<Int>, value: Range<Int>)]
    package let scheduleMs: [UInt32]?
    package let body: Range<Int>

    package init(_ payload: UnsafeRawBufferPointer) throws(MessagePayloadError) {
      var reader = PayloadReader(payload)
      let flags = try reader.preamble()
      timeoutMs = UInt32(try reader.number(upTo: UInt64(UInt32.max)))
      url = try reader.block()
      method = try reader.block()
      headers = try reader.headers()
      scheduleMs = flags & hasSchedule == 0 ? nil : try reader.schedule()
      body = try reader.block()
      guard reader.atEnd else { throw .trailingBytes(offset: reader.offset) }
    }
  }
}

/// Reads what may be anything: every length is checked against the bytes that are there before
/// something is allocated for it.
private struct PayloadReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var atEnd: Bool { offset == bytes.count }

  /// Version and flags; the answer is the flags.
  mutating func preamble() throws(MessagePayloadError) -> UInt8 {
    let version = try byte()
    guard version == MessagePayload.version else { throw .unknownVersion(version) }
    let flags = try byte()
    guard flags & ~MessagePayload.hasSchedule == 0 else { throw .unknownFlags(flags) }
    return flags
  }

  mutating func byte() throws(MessagePayloadError) -> UInt8 {
    guard offset < bytes.count else { throw .truncated(offset: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func number(upTo limit: UInt64) throws(MessagePayloadError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      let bits = UInt64(next & 0x7F)
      guard shift < 63 || (shift == 63 && bits <= 1) else { throw .badNumber(offset: start) }
      value |= bits &<< shift
      if next & 0x80 == 0 { break }
      shift += 7
    }
    guard value <= limit else { throw .badNumber(offset: start) }
    return value
  }

  /// A length and as many bytes.
  mutating func block() throws(MessagePayloadError) -> Range<Int> {
    let start = offset
    let length = try number(upTo: .max)
    guard length <= UInt64(bytes.count - offset) else { throw .truncated(offset: start) }
    defer { offset += Int(length) }
    return offset..<offset + Int(length)
  }

  mutating func headers() throws(MessagePayloadError) -> [(name: Range<Int>, value: Range<Int>)] {
    // Each takes two bytes at least, so that a wild count can't reserve memory.
    let count = try count(eachAtLeast: 2)
    var headers: [(name: Range<Int>, value: Range<Int>)] = []
    headers.reserveCapacity(count)
    for _ in 0..<count {
      let name = try block()
      headers.append((name, try block()))
    }
    return headers
  }

  mutating func schedule() throws(MessagePayloadError) -> [UInt32] {
    let count = try count(eachAtLeast: 1)
    var waits: [UInt32] = []
    waits.reserveCapacity(count)
    for _ in 0..<count { waits.append(UInt32(try number(upTo: UInt64(UInt32.max)))) }
    return waits
  }

  private mutating func count(eachAtLeast size: Int) throws(MessagePayloadError) -> Int {
    let start = offset
    let count = try number(upTo: .max)
    guard count <= UInt64((bytes.count - offset) / size) else { throw .truncated(offset: start) }
    return Int(count)
  }
}
