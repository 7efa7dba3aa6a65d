/// The bytes around a checkpoint's content; FORMAT.md says what they mean.
package enum CheckpointFormat {
  static let magic: [UInt8] = Array("DISPCKP\n".utf8)
  static let majorVersion: UInt16 = 1
  static let minorVersion: UInt16 = 0
  static let headerSize = 64
  static let chunkHeadSize = 16
  /// No chunk holds more, so no reader needs more than this for a piece whose checksum it has yet to
  /// check.
  static let chunkRawMax = 64 << 10
  /// 64-bit words of a table in one entry.
  static let wordsPerEntry = 2048

  /// What a chunk holds. Bit 7 of the type byte says that who doesn't know it may step over it.
  enum Section {
    static let summary: UInt8 = 1
    static let destinations: UInt8 = 2
    static let segments: UInt8 = 3
    static let attempts: UInt8 = 4
    static let damage: UInt8 = 5
    static let cold: UInt8 = 7
    static let dedup: UInt8 = 8
    static let end: UInt8 = 0x7f
  }

  /// The parts of a segment, in the order in which they stand.
  enum SegmentEntry {
    static let begin: UInt8 = 1
    static let destination: UInt8 = 2
    static let ending: UInt8 = 3
    static let mark: UInt8 = 4
    static let words: UInt8 = 5
  }

  enum Table: UInt8, CaseIterable {
    case live = 0
    case parked = 1
    case places = 2
    case endings = 3
    /// Of a cold segment: a message's sequence less that of the first one.
    case offsets = 4
  }
}

/// Why a checkpoint is not used. `offset` is in the file.
package enum CheckpointError: Error, Sendable, Equatable {
  case disk(DiskError)
  case notACheckpoint
  case otherVersion(major: UInt16, minor: UInt16)
  case unknownFeatures(UInt32)
  case unknownSection(UInt8, offset: UInt64)
  case badChecksum(offset: UInt64, expected: UInt32, found: UInt32)
  case cutShort(offset: UInt64)
  /// The checksums are right, a value is not.
  case badValue(String, offset: UInt64)
  /// The parts contradict each other.
  case contradiction(String)
  case otherStore(found: StoreUUID, expected: StoreUUID)
  case otherNumber(found: UInt64)
  /// It can be read, but the segments tell another story.
  case disagrees(String)
}

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .disk(let error): error.description
    case .notACheckpoint: "not a checkpoint (no \"DISPCKP\" at its start)"
    case .otherVersion(let major, let minor):
      "written in checkpoint format version \(major).\(minor); this program reads version "
        + "\(CheckpointFormat.majorVersion)"
    case .unknownFeatures(let bits):
      "written with features that this program does not know (0x\(String(bits, radix: 16)))"
    case .unknownSection(let type, let offset):
      "a section \(type) of a later version at offset \(offset)"
    case .badChecksum(let offset, let expected, let found):
      "damaged at offset \(offset): checksum \(hex(expected)), found \(hex(found))"
    case .cutShort(let offset): "cut short: it ends at offset \(offset), before its last chunk"
    case .badValue(let what, let offset): "an impossible \(what) at offset \(offset)"
    case .contradiction(let reason): reason
    case .otherStore(let found, let expected):
      "belongs to the store \(found), not to this one (\(expected))"
    case .otherNumber(let found): "holds checkpoint \(found)"
    case .disagrees(let reason): "it disagrees with the segments: \(reason)"
    }
  }
}
