/// The segment that is written to, and where.
struct ActiveSegment {
  var file: any DiskFile
  var header: SegmentHeader
  /// Where the next frame goes; everything below is synced.
  var offset: UInt64
  /// Frames beyond this go to the next segment; a witness and a footer may stand behind it.
  var capacity: UInt64
  /// Where the last frame begins; 0 without one.
  var lastFrameOffset: UInt64 = 0
  /// The head CRC of the last frame, for the successor's header.
  var lastFrameCRC: UInt32 = 0
  /// The last frame holds records and nothing on disk says yet that it was synced.
  var isUnproven = false
  var lastWriteAtMs: UInt64 = 0
  /// It begins with frames of the last run, which brought their destinations' numbers along.
  var hasForeignFrames = false

  var id: UInt64 { header.id }
  var usedBytes: UInt64 { offset - FormatLimits.firstFrameOffset }
  func hasRoom(for length: Int) -> Bool {
    capacity >= offset && UInt64(length) <= capacity - offset
  }

  /// What the next segment says of this one, which ends here.
  func asPredecessor(lastSequence: Sequence) -> SegmentHeader.Predecessor {
    SegmentHeader.Predecessor(
      id: id, durableLength: offset, lastSequence: lastSequence, lastFrameCRC: lastFrameCRC)
  }
}
