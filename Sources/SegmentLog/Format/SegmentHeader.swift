/// What stands at the start of a segment, twice: at 0 and at 4 KiB. Either copy is enough.
package struct SegmentHeader: Sendable, Equatable {
  package static let magic: [UInt8] = Array("DISPSEG\n".utf8)
  package static let majorVersion: UInt16 = 1
  package static let minorVersion: UInt16 = 0
  /// Bytes of one copy, its CRC included.
  package static let size = 160

  package enum Kind: UInt8, Sendable { case wal = 1, cold = 2 }

  /// Where the segment before ends: everything in it at or beyond `durableLength` is void.
  package struct Predecessor: Sendable, Equatable {
    package var id: UInt64
    package var durableLength: UInt64
    /// The highest sequence given when that segment ended; 0 = none yet.
    package var lastSequence: Sequence
    /// The head CRC of its last frame; 0 when it has none.
    package var lastFrameCRC: UInt32
    package init(id: UInt64, durableLength: UInt64, lastSequence: Sequence, lastFrameCRC: UInt32) {
      self.id = id
      self.durableLength = durableLength
      self.lastSequence = lastSequence
      self.lastFrameCRC = lastFrameCRC
    }
  }

  package var minor = SegmentHeader.minorVersion
  /// Features that a reader may ignore.
  package var compatibleFeatures: UInt32 = 0
  package var kind: Kind = .wal
  package var id: UInt64
  package var firstSequence: Sequence
  /// Milliseconds since 1970.
  package var createdMs: UInt64
  package var store: StoreUUID
  /// Random; every frame of the segment carries it.
  package var salt: UInt64
  package var firstFrameNumber: UInt64
  /// The accounting at the segment's start.
  package var totals: Totals
  /// nil only in the first segment of a store.
  package var predecessor: Predecessor?

  package init(
    id: UInt64, firstSequence: Sequence, createdMs: UInt64, store: StoreUUID, salt: UInt64,
    firstFrameNumber: UInt64, totals: Totals, predecessor: Predecessor?
  ) {
    self.id = id
    self.firstSequence = firstSequence
    self.createdMs = createdMs
    self.store = store
    self.salt = salt
    self.firstFrameNumber = firstFrameNumber
    self.totals = totals
    self.predecessor = predecessor
  }
}

package enum SegmentHeaderError: Error, Sendable, Equatable {
  case disk(DiskError)
  /// The file does not begin like a segment.
  case notASegment
  /// Written by another version of the format.
  case otherVersion(major: UInt16, minor: UInt16)
  /// Written with features that this version does not know.
  case unknownFeatures(UInt32)
  /// Both copies are damaged.
  case badChecksum(expected: UInt32, found: UInt32)
  /// The checksum is right, a value is not.
  case badValue(String)
}

extension SegmentHeaderError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .disk(let error): error.description
    case .notASegment: "not a segment (no \"DISPSEG\" at its start)"
    case .otherVersion(let major, let minor):
      "written in log format version \(major).\(minor); this program reads version "
        + "\(SegmentHeader.majorVersion)"
    case .unknownFeatures(let bits):
      "written with features that this program does not know (0x\(String(bits, radix: 16)))"
    case .badChecksum(let expected, let found):
      "both copies of the segment header are damaged (checksum \(hex(expected)), found \(hex(found)))"
    case .badValue(let what): "segment header with an impossible \(what)"
    }
  }
}

/// `0x` and eight digits.
package func hex(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
