/// The sizes of format version 1, in bytes. Writers keep them, readers refuse what goes beyond.
package enum FormatLimits {
  package static let headSize = 64
  /// Sequences stay below this. At a million messages a second it is reached after nine years.
  package static let sequenceMax: Sequence = 1 << 48
  /// Ids, frame numbers, offsets and times stay below this, and so do sums of two of them below what
  /// 64 bits hold. What goes beyond was not written by a log, whatever its checksum says.
  package static let numberMax: UInt64 = 1 << 62
  /// The same of the bytes and counts of one file, of which there may be many.
  package static let fileMax: UInt64 = 1 << 44
  /// Frames begin here; before it stand the two copies of the segment header.
  package static let firstFrameOffset: UInt64 = 8192
  package static let headerCopyOffset = 4096
  package static let frameMax = 32 << 20
  /// Raw size from which on a block takes no further payload; one larger payload has a block alone.
  package static let blockTarget = 64 << 10
  package static let blockRawMax = 32 << 20
  /// The largest payload that is sure to fit a frame with its directory entry and a note.
  package static let payloadMax = frameMax - (1 << 20)
  package static let uuidMax = 128
  package static let destinationMax = 512
  /// Error texts are cut to this at the border of a character.
  package static let noteMax = 512
}
