/// The first 64 bytes of a checkpoint.
package struct CheckpointHeader: Sendable, Equatable {
  package var number: UInt64
  package var store: StoreUUID
  /// Milliseconds since 1970.
  package var createdMs: UInt64

  func encode(into out: inout ByteWriter) {
    let start = out.count
    out.append(CheckpointFormat.magic)
    out.append(little: CheckpointFormat.majorVersion)
    out.append(little: CheckpointFormat.minorVersion)
    out.append(little: UInt32(CheckpointFormat.headerSize))
    // Compatible and incompatible features.
    out.append(little: UInt32(0))
    out.append(little: UInt32(0))
    out.append(little: number)
    out.append(little: store.high.byteSwapped)
    out.append(little: store.low.byteSwapped)
    out.append(little: createdMs)
    out.append(Checksum.kind)
    out.append(Deflater.kind)
    out.append(little: UInt16(0))
    out.append(
      little: Checksum.crc32(UnsafeRawBufferPointer(rebasing: out.bytes[start...])))
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) -> CheckpointHeader {
    guard bytes.count >= 16, bytes.prefix(8).elementsEqual(CheckpointFormat.magic) else {
      throw .notACheckpoint
    }
    let major = bytes.littleInteger(at: 8, as: UInt16.self)
    let size = CheckpointFormat.headerSize
    // These 16 bytes mean the same in every version.
    guard major == CheckpointFormat.majorVersion else {
      let header = UnsafeRawBufferPointer(rebasing: bytes.prefix(size))
      if header.count == size,
        FileVersions.isDamaged(header, version: CheckpointFormat.majorVersion)
      {
        throw .badValue("version", offset: 8)
      }
      throw .otherVersion(major: major, minor: bytes.littleInteger(at: 10, as: UInt16.self))
    }
    guard bytes.count >= size else { throw .cutShort(offset: UInt64(bytes.count)) }
    let expected = bytes.littleInteger(at: size - 4, as: UInt32.self)
    let found = Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<(size - 4)]))
    guard found == expected else {
      throw .badChecksum(offset: 0, expected: expected, found: found)
    }
    guard bytes.littleInteger(at: 12, as: UInt32.self) == size else {
      throw .badValue("length of the header", offset: 12)
    }
    let features = bytes.littleInteger(at: 20, as: UInt32.self)
    guard features == 0 else { throw .unknownFeatures(features) }
    guard bytes[56] == Checksum.kind, bytes[57] == Deflater.kind else {
      throw .badValue("kind of checksum or compression", offset: 56)
    }
    return CheckpointHeader(
      number: bytes.littleInteger(at: 24, as: UInt64.self),
      store: StoreUUID(
        high: bytes.littleInteger(at: 32, as: UInt64.self).byteSwapped,
        low: bytes.littleInteger(at: 40, as: UInt64.self).byteSwapped),
      createdMs: bytes.littleInteger(at: 48, as: UInt64.self))
  }
}
