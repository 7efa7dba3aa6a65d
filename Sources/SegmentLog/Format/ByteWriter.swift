/// Bytes that grow at their end and are used again and again: the memory stays after `reset()`.
///
/// All numbers are little-endian; varints are unsigned LEB128 (7 bits a byte, lowest first).
package struct ByteWriter: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private var capacity: Int
  package private(set) var count = 0

  package init(capacity: Int = 1024) {
    self.capacity = max(capacity, 64)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// What was written; valid until the next change.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  package mutating func reset() { count = 0 }

  /// Makes room for `additional` bytes and gives the free space behind what was written.
  package mutating func reserve(_ additional: Int) -> UnsafeMutableRawBufferPointer {
    let needed = count + additional
    if needed > capacity {
      let grown = max(needed, capacity * 2)
      let moved = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
      moved.copyMemory(from: base, byteCount: count)
      base.deallocate()
      base = moved
      capacity = grown
    }
    return UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
  }

  /// Takes `length` bytes that were written into the space that `reserve` gave.
  package mutating func commit(_ length: Int) {
    precondition(length >= 0 && length <= capacity - count)
    count += length
  }

  package mutating func append(_ byte: UInt8) {
    _ = reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  package mutating func append(bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    _ = reserve(bytes.count)
    (base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  package mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append(bytes: $0) }
  }

  package mutating func append<I: FixedWidthInteger>(little value: I) {
    _ = reserve(MemoryLayout<I>.size)
    base.storeBytes(of: value.littleEndian, toByteOffset: count, as: I.self)
    count += MemoryLayout<I>.size
  }

  package mutating func append(varint value: UInt64) {
    _ = reserve(10)
    var rest = value
    while rest >= 0x80 {
      base.storeBytes(
        of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
      count += 1
      rest >>= 7
    }
    base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// A signed difference as an unsigned varint: 0, −1, 1, −2 … become 0, 1, 2, 3 …
  package mutating func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Writes over bytes that are there already.
  package mutating func replace<I: FixedWidthInteger>(at offset: Int, little value: I) {
    precondition(offset >= 0 && offset + MemoryLayout<I>.size <= count)
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: I.self)
  }
}
