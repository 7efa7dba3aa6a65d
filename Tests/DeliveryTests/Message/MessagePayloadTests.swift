import Testing

@testable import Delivery

@Suite("The message payload") struct MessagePayloadTests {
  private func decode(_ bytes: [UInt8], like message: Message) throws -> Message {
    try MessagePayload.decode(
      bytes, uuid: message.uuid, origin: message.origin, start: message.start,
      maxAgeMs: message.limits.maxAgeMs, maxAttempts: message.limits.maxAttempts)
  }

  @Test("gives back every message as it was", arguments: MessageSamples.all)
  func roundTrip(message: Message) throws {
    #expect(try decode(MessagePayload.encode(message), like: message) == message)
  }

  @Test("tells url and method without the rest", arguments: MessageSamples.all)
  func summary(message: Message) throws {
    let summary = try MessagePayload.encode(message).withUnsafeBytes {
      try MessagePayload.summary(of: $0)
    }
    #expect(summary.url == message.url)
    #expect(summary.method == message.method)
  }

  @Test("is written as version 1 says")
  func golden() {
    let expected: [UInt8] =
      [1, 0, 0xE8, 0x07, 14] + Array("http://my-url/".utf8) + [0, 1, 12]
      + Array("Content-Type".utf8) + [16] + Array("application/json".utf8) + [2, 0x7B, 0x7D]
    #expect(MessagePayload.encode(MessageSamples.plain) == expected)
    let withSchedule: [UInt8] =
      [1, 1, 0, 9] + Array("https://b".utf8) + [3] + Array("GET".utf8) + [0, 2, 1, 0x80, 1, 0]
    var message = MessageSamples.bare
    message.limits.scheduleMs = [1, 128]
    #expect(MessagePayload.encode(message) == withSchedule)
  }

  @Test("is refused when it ends anywhere before its end", arguments: MessageSamples.all)
  func truncated(message: Message) {
    let bytes = MessagePayload.encode(message)
    for length in 0..<bytes.count {
      #expect(throws: MessagePayloadError.self) {
        try decode(Array(bytes.prefix(length)), like: message)
      }
    }
  }

  @Test("is refused when something follows its end", arguments: MessageSamples.all)
  func trailing(message: Message) {
    let bytes = MessagePayload.encode(message)
    #expect(throws: MessagePayloadError.trailingBytes(offset: bytes.count)) {
      try decode(bytes + [0], like: message)
    }
  }

  @Test(
    "with any bit flipped is refused or reads as another message", arguments: MessageSamples.all)
  func bitFlips(message: Message) {
    let bytes = MessagePayload.encode(message)
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      if let read = try? decode(flipped, like: message) { #expect(read != message) }
    }
  }

  @Test(
    "is refused by name when a newer version wrote it or a number is wild",
    arguments: [
      ([2, 0], MessagePayloadError.unknownVersion(2)),
      ([1, 2], .unknownFlags(2)),
      ([], .truncated(offset: 0)),
      // A timeout of 2^32, and one that is longer than 64 bits.
      ([1, 0, 0x80, 0x80, 0x80, 0x80, 0x10], .badNumber(offset: 2)),
      ([1, 0] + [UInt8](repeating: 0xFF, count: 10), .badNumber(offset: 2)),
      // A url of 2^63 bytes.
      ([1, 0, 0] + [UInt8](repeating: 0x80, count: 9) + [1], .truncated(offset: 3)),
      // 2^56 headers must not reserve memory.
      ([1, 0, 0, 0, 0] + [UInt8](repeating: 0x80, count: 8) + [1], .truncated(offset: 5)),
      ([1, 0, 0, 1, 0xFF, 0, 0, 0], .badText(offset: 4)),
    ] as [([UInt8], MessagePayloadError)])
  func refused(bytes: [UInt8], expected: MessagePayloadError) {
    #expect(throws: expected) { try decode(bytes, like: MessageSamples.bare) }
  }
}
