/// Reads numbers and runs of bytes out of bytes that nobody vouches for: every step is checked
/// against the end, nothing overflows, nothing is allocated.
package struct ByteReader {
  package enum Failure: Error, Sendable, Equatable {
    /// More was asked for than is there.
    case endOfBytes(offset: Int)
    /// A varint of more than 64 bits.
    case varintTooLong(offset: Int)
  }

  package let bytes: UnsafeRawBufferPointer
  package private(set) var offset = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var remaining: Int { bytes.count - offset }
  package var isAtEnd: Bool { offset == bytes.count }

  package mutating func byte() throws(Failure) -> UInt8 {
    guard offset < bytes.count else { throw .endOfBytes(offset: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  package mutating func little<I: FixedWidthInteger>(_: I.Type) throws(Failure) -> I {
    let size = MemoryLayout<I>.size
    guard remaining >= size else { throw .endOfBytes(offset: offset) }
    defer { offset += size }
    return I(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: I.self))
  }

  package mutating func varint() throws(Failure) -> UInt64 {
    guard offset < bytes.count else { throw .endOfBytes(offset: offset) }
    let first = bytes[offset]
    if first < 0x80 {
      offset += 1
      return UInt64(first)
    }
    return try longVarint()
  }

  private mutating func longVarint() throws(Failure) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if shift == 63 && byte > 1 { throw .varintTooLong(offset: start) }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .endOfBytes(offset: start)
  }

  package mutating func zigzag() throws(Failure) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// The next `length` bytes, in place.
  package mutating func take(_ length: UInt64) throws(Failure) -> UnsafeRawBufferPointer {
    guard length <= UInt64(remaining) else { throw .endOfBytes(offset: offset) }
    defer { offset += Int(length) }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(length)])
  }
}
