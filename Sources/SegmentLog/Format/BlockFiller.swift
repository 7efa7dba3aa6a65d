/// Fills blocks with payloads or texts, in order: a block is full from `blockTarget` raw bytes on,
/// nothing crosses a border, and what is larger than a block gets one alone.
struct BlockFiller: ~Copyable {
  struct Place {
    var block: Int
    var offset: Int
    var length: Int
  }

  private var raw = ByteWriter(capacity: 64 << 10)
  private var starts: [Int] = []

  var count: Int { raw.count }
  var blockCount: Int { starts.count }

  mutating func reset() {
    raw.reset()
    starts.removeAll(keepingCapacity: true)
  }

  /// Nothing is laid down for empty bytes.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> Place {
    guard bytes.count > 0 else { return Place(block: 0, offset: 0, length: 0) }
    let used = raw.count - (starts.last ?? 0)
    if starts.isEmpty || used + bytes.count > FormatLimits.blockTarget { starts.append(raw.count) }
    defer { raw.append(bytes: bytes) }
    return Place(
      block: starts.count - 1, offset: raw.count - starts[starts.count - 1], length: bytes.count)
  }

  /// Appends the blocks' stored bytes and their entries of the block table.
  func store(into stored: inout ByteWriter, table: inout ByteWriter, _ deflater: Deflater) {
    for (index, start) in starts.enumerated() {
      let end = index + 1 < starts.count ? starts[index + 1] : raw.count
      let block = UnsafeRawBufferPointer(rebasing: raw.bytes[start..<end])
      let length = Self.store(block, into: &stored, deflater)
      let bytes = UnsafeRawBufferPointer(rebasing: stored.bytes[(stored.count - length)...])
      table.append(varint: UInt64(block.count))
      table.append(varint: UInt64(length))
      table.append(little: Checksum.crc32(bytes))
    }
  }

  /// Stores the block as it is when deflate gains less than 10 %; returns the stored length.
  private static func store(
    _ block: UnsafeRawBufferPointer, into stored: inout ByteWriter, _ deflater: Deflater
  ) -> Int {
    let room = stored.reserve(block.count)
    let worthIt = UnsafeMutableRawBufferPointer(rebasing: room[..<(block.count * 9 / 10)])
    if let length = deflater.compress(block, into: worthIt) {
      stored.commit(length)
      return length
    }
    stored.append(bytes: block)
    return block.count
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The longest prefix of at most `limit` bytes that doesn't cut a character of UTF-8 in two.
  func utf8PrefixLength(_ limit: Int) -> Int {
    guard count > limit else { return count }
    var length = limit
    while length > 0 && self[length] & 0xc0 == 0x80 { length -= 1 }
    return length
  }
}

extension ByteWriter {
  /// A directory section; none is written when it has no entries.
  mutating func append(section: UInt8, count: Int, _ body: UnsafeRawBufferPointer) {
    guard count > 0 else { return }
    append(section)
    append(varint: UInt64(count))
    append(varint: UInt64(body.count))
    append(bytes: body)
  }
}
