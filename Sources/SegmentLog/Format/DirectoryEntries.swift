/// The sections of a directory. Bit 7 of the type byte says that a reader who does not know the
/// section may step over it.
enum SectionType {
  static let destinations: UInt8 = 1
  static let messages: UInt8 = 2
  static let attempts: UInt8 = 3
  static let outcomes: UInt8 = 4
  static let control: UInt8 = 5
  /// Puts compacted files in force.
  static let compacted: UInt8 = 6
  static let blocks: UInt8 = 7
  /// Messages whose sequences have gaps, in cold segments.
  static let sparseMessages: UInt8 = 8
  /// What tried messages wait for, in cold segments.
  static let waits: UInt8 = 9
  static let notes: UInt8 = 0x80 | 1

  /// One bit for each section that this version knows, none for others.
  static func bit(_ section: UInt8) -> UInt32 {
    let number = section & 0x7f
    guard number < 16 else { return 0 }
    return 1 << UInt32(section < 0x80 ? number : number + 16)
  }
}

/// What the directory tells of a message. Plain bits without references, so that a frame of a
/// thousand costs no allocation; the UUID's text is read on demand with `FrameDirectory.uuid(of:)`.
package struct DirectoryMessage: Sendable, Equatable {
  package var sequence: Sequence
  /// Milliseconds since 1970: the frame's `committedAt`, or the message's own in a cold segment.
  package var acceptedAtMs: UInt64
  package var key: UUIDKey
  package var contentHash: UInt64
  package var destination: UInt32
  package var payloadLength: UInt32
  /// Where the payload stands: index of the block and offset in its raw bytes (0, 0 for an empty one).
  package var block: UInt32
  package var offsetInBlock: UInt32
  package var start: RecordStart
  package var maxAgeMs: UInt64?
  package var maxAttempts: UInt32?
  /// Where the UUID stands in the directory; length 0 means the packed form of 16 bytes.
  var uuidOffset: UInt32
  var uuidLength: UInt8
  /// The entry's first byte, and what stands behind the destination: with these it is copied as it
  /// is, whatever a later version has added.
  var flags: UInt8
  var restOffset: UInt32
  var restLength: UInt32
}

package struct DestinationDefinition: Sendable, Equatable {
  package var id: UInt32
  package var origin: String
}

package struct DirectoryOutcome: Sendable, Equatable {
  package var sequence: Sequence
  package var kind: OutcomeKind
  package var status: UInt16
  package var attempts: UInt32
}

package struct DirectoryAttempt: Sendable, Equatable {
  package var sequence: Sequence
  package var count: UInt32
  package var delayMs: UInt32
  package var status: UInt16
}

/// The frame in which a note stands.
package struct NotePlace: Sendable, Hashable {
  package var kind: SegmentHeader.Kind
  package var segment: UInt64
  package var frameOffset: UInt64
  package init(kind: SegmentHeader.Kind = .wal, segment: UInt64, frameOffset: UInt64) {
    self.kind = kind
    self.segment = segment
    self.frameOffset = frameOffset
  }
}

/// Where the note before stands, of the same message.
package enum PreviousNote: Sendable, Equatable {
  case none
  /// There is one, but its frame was moved and the new place is not known.
  case unknown
  case at(NotePlace)
}

/// An error text that belongs to the attempt or outcome with this sequence and count of attempts.
package struct DirectoryNote: Sendable, Equatable {
  package var sequence: Sequence
  package var attempts: UInt32
  package var block: UInt32
  package var offsetInBlock: UInt32
  package var length: UInt32
  package var previous: PreviousNote
  /// It says that there is no text; then it has no place in a block.
  var isEmpty: Bool { length == 0 }
}

package struct DirectoryBlock: Sendable, Equatable {
  package var rawLength: UInt32
  /// Equal to `rawLength` when the block is stored as it is.
  package var storedLength: UInt32
  /// Over the stored bytes.
  package var crc: UInt32
  /// From the start of the frame.
  package var offsetInFrame: UInt32
  package var isDeflated: Bool { storedLength < rawLength }
}
