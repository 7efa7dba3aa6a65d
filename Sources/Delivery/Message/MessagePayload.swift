/// The part of a message that the log keeps as opaque bytes.
///
/// UUID, origin, start, `MaxAge` and `MaxAttempts` stand in the log's own record and are handed
/// back to `decode`. Version 1, integers as LEB128 varints:
/// ```
/// u8      version = 1
/// u8      flags: bit 0 = a schedule follows; the others are 0
/// varint  timeout in milliseconds, 0 = the configured default
/// varint  length of the url, its bytes
/// varint  length of the method, its bytes; length 0 = "POST"
/// varint  number of headers; for each: varint length and bytes of its name, then of its value
/// varint  (only with bit 0) number of waits, each a varint in milliseconds
/// varint  length of the body, its bytes; nothing follows
/// ```
package enum MessagePayload {
  package static let version: UInt8 = 1
  static let hasSchedule: UInt8 = 1

  /// One allocation of the exact size.
  package static func encode(_ message: Message) -> [UInt8] {
    let size = encodedSize(message)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var writer = PayloadWriter(buffer)
      write(message, to: &writer)
      count = writer.offset
      assert(count == size)
    }
  }

  private static func write(_ message: Message, to writer: inout PayloadWriter) {
    let schedule = message.limits.scheduleMs
    writer.byte(version)
    writer.byte(schedule == nil ? 0 : hasSchedule)
    writer.varint(UInt64(message.timeoutMs))
    writer.text(message.url)
    writer.text(message.method == "POST" ? "" : message.method)
    writer.varint(UInt64(message.headers.count))
    for field in message.headers {
      writer.text(field.name)
      writer.text(field.value)
    }
    if let schedule {
      writer.varint(UInt64(schedule.count))
      for wait in schedule { writer.varint(UInt64(wait)) }
    }
    writer.varint(UInt64(message.body.count))
    message.body.withUnsafeBytes { writer.bytes($0) }
  }

  private static func encodedSize(_ message: Message) -> Int {
    var size = 2 + varintSize(UInt64(message.timeoutMs)) + textSize(message.url)
    size += message.method == "POST" ? 1 : textSize(message.method)
    size += varintSize(UInt64(message.headers.count))
    for field in message.headers { size += textSize(field.name) + textSize(field.value) }
    if let schedule = message.limits.scheduleMs {
      size += varintSize(UInt64(schedule.count))
      for wait in schedule { size += varintSize(UInt64(wait)) }
    }
    return size + varintSize(UInt64(message.body.count)) + message.body.count
  }

  private static func textSize(_ text: String) -> Int {
    let count = text.utf8.count
    return varintSize(UInt64(count)) + count
  }

  private static func varintSize(_ value: UInt64) -> Int {
    (70 - (value | 1).leadingZeroBitCount) / 7
  }
}

/// Writes into a buffer of which the caller has computed the size.
private struct PayloadWriter {
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private(set) var offset = 0

  init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

  mutating func byte(_ value: UInt8) {
    buffer[offset] = value
    offset += 1
  }

  mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      byte(UInt8(truncatingIfNeeded: value) | 0x80)
      value &>>= 7
    }
    byte(UInt8(truncatingIfNeeded: value))
  }

  mutating func text(_ text: String) {
    var text = text
    text.withUTF8 {
      varint(UInt64($0.count))
      bytes(UnsafeRawBufferPointer($0))
    }
  }

  mutating func bytes(_ source: UnsafeRawBufferPointer) {
    precondition(source.count <= buffer.count - offset, "the payload's size was computed wrongly")
    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[offset...])
      .copyMemory(from: source)
    offset += source.count
  }
}
