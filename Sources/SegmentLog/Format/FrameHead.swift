/// What a frame is for. Bit 7 of the type byte says that a reader who does not know the type may
/// step over the frame.
package enum FrameKind: UInt8, Sendable {
  /// Records; without any it is a witness of what was synced before it.
  case data = 1
  /// The seal of a clean stop: nothing follows in this segment.
  case footer = 2
}

/// The first 64 bytes of a frame.
package struct FrameHead: Sendable, Equatable {
  package static let size = FormatLimits.headSize
  /// "DFRM"
  package static let magic: UInt32 = 0x4d52_4644
  static let crcOffset = 8
  static let saltOffset = 16
  static let syncedUpToOffset = 48

  /// Head, directory and blocks together; the next frame begins right behind.
  package var totalLength: UInt32
  /// Over the head (this field left out) and the directory.
  package var crc: UInt32
  package var type: UInt8
  package var flags: UInt8
  package var salt: UInt64
  /// One more than the frame before, across segments.
  package var frameNumber: UInt64
  /// The sequence of the first message in it, or of the next message to come when it has none.
  package var baseSequence: Sequence
  /// Milliseconds since 1970, never less than the previous frame's.
  package var committedAtMs: UInt64
  /// Everything in this segment below this offset was synced when the frame was written.
  package var syncedUpTo: UInt64
  package var directoryLength: UInt32
  /// Messages, outcomes, attempts and controls together.
  package var recordCount: UInt32

  package var kind: FrameKind? { FrameKind(rawValue: type) }
  package var isIgnorable: Bool { type & 0x80 != 0 }
  /// Head and directory.
  package var prefixLength: Int { Self.size + Int(directoryLength) }
}

/// Why bytes are not (or not any more) a frame that can be used. Of a checksum, `expected` is what
/// was written beside the bytes, and `found` is what the bytes give now.
package enum FrameError: Error, Sendable, Equatable {
  /// No frame begins here; what was found in place of the magic number.
  case notAFrame(found: UInt32)
  /// A frame of another segment, or a body that looks like a frame.
  case otherSalt
  /// A frame that was written before the ones that were read already: a copy.
  case outOfOrder(expected: UInt64, found: UInt64)
  /// The file or the segment's valid part ends before the frame does.
  case cutShort(needed: UInt64, available: UInt64)
  case badLength(UInt64)
  case badHeadChecksum(expected: UInt32, found: UInt32)
  case badBlockChecksum(block: Int, expected: UInt32, found: UInt32)
  /// The checksum is right, but the block does not inflate to the promised length.
  case badBlock(block: Int)
  /// The checksum is right, but the directory contradicts itself.
  case badDirectory(section: UInt8, reason: String)
  /// Written by a later version; may not be stepped over.
  case unknownFrameType(UInt8)
  case unknownSection(UInt8)
  case disk(DiskError)

  /// Valid bytes of a later version, no damage.
  package var isUnsupported: Bool {
    switch self {
    case .unknownFrameType, .unknownSection: true
    default: false
    }
  }
}

extension FrameError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAFrame(let found):
      "expected a frame (\(hex(FrameHead.magic))), found \(hex(found))"
    case .otherSalt: "expected a frame of this segment, found one with another salt"
    case .outOfOrder(let expected, let found):
      "expected frame number \(expected) or more, found \(found)"
    case .cutShort(let needed, let available):
      "expected \(needed) bytes, only \(available) are left"
    case .badLength(let length): "impossible frame length \(length)"
    case .badHeadChecksum(let expected, let found):
      "frame head or directory damaged: checksum \(hex(expected)), found \(hex(found))"
    case .badBlockChecksum(let block, let expected, let found):
      "block \(block) damaged: checksum \(hex(expected)), found \(hex(found))"
    case .badBlock(let block): "block \(block) does not inflate to its length"
    case .badDirectory(let section, let reason): "directory section \(section): \(reason)"
    case .unknownFrameType(let type): "frame type \(type) of a later version"
    case .unknownSection(let type): "directory section \(type) of a later version"
    case .disk(let error): error.description
    }
  }
}

extension FrameHead {
  /// Reads the fields and checks magic, salt and lengths against each other; the CRC covers the
  /// directory too and is checked by `verify`.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, salt expectedSalt: UInt64
  ) throws(FrameError) -> FrameHead {
    guard bytes.count >= size else {
      throw .cutShort(needed: UInt64(size), available: UInt64(bytes.count))
    }
    let magic = bytes.littleInteger(at: 0, as: UInt32.self)
    guard magic == self.magic else { throw .notAFrame(found: magic) }
    let salt = bytes.littleInteger(at: saltOffset, as: UInt64.self)
    guard salt == expectedSalt else { throw .otherSalt }
    let head = FrameHead(
      totalLength: bytes.littleInteger(at: 4, as: UInt32.self),
      crc: bytes.littleInteger(at: crcOffset, as: UInt32.self),
      type: bytes[12], flags: bytes[13], salt: salt,
      frameNumber: bytes.littleInteger(at: 24, as: UInt64.self),
      baseSequence: bytes.littleInteger(at: 32, as: UInt64.self),
      committedAtMs: bytes.littleInteger(at: 40, as: UInt64.self),
      syncedUpTo: bytes.littleInteger(at: syncedUpToOffset, as: UInt64.self),
      directoryLength: bytes.littleInteger(at: 56, as: UInt32.self),
      recordCount: bytes.littleInteger(at: 60, as: UInt32.self))
    guard head.totalLength <= FormatLimits.frameMax, head.totalLength >= size else {
      throw .badLength(UInt64(head.totalLength))
    }
    guard head.directoryLength <= head.totalLength - UInt32(size) else {
      throw .badLength(UInt64(head.directoryLength))
    }
    return head
  }

  /// Checks the CRC; `prefix` is head and directory.
  package func verify(prefix: UnsafeRawBufferPointer) throws(FrameError) {
    precondition(prefix.count == prefixLength)
    let found = Self.checksum(prefix: prefix)
    guard crc == found else { throw .badHeadChecksum(expected: crc, found: found) }
  }

  static func checksum(prefix: UnsafeRawBufferPointer) -> UInt32 {
    let first = Checksum.crc32(UnsafeRawBufferPointer(rebasing: prefix[..<crcOffset]))
    return Checksum.crc32(UnsafeRawBufferPointer(rebasing: prefix[(crcOffset + 4)...]), seed: first)
  }
}
