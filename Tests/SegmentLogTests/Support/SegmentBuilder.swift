@testable import SegmentLog

/// Writes segments to a disk as the engine does, without being the engine.
struct SegmentBuilder {
  static let store = StoreUUID("11111111-2222-4333-8444-555555555555")!

  var header: SegmentHeader
  private(set) var bytes: [UInt8]
  private(set) var frameNumber: UInt64
  private(set) var nextSequence: Sequence
  private(set) var lastFrameCRC: UInt32 = 0
  /// Where each frame begins.
  private(set) var offsets: [UInt64] = []
  private let encoder = FrameEncoder()

  init(
    id: UInt64 = 1, firstSequence: Sequence = 1, salt: UInt64 = 0x0123_4567_89ab_cdef,
    firstFrameNumber: UInt64 = 1, totals: Totals = Totals(),
    predecessor: SegmentHeader.Predecessor? = nil
  ) {
    header = SegmentHeader(
      id: id, firstSequence: firstSequence, createdMs: 1_700_000_000_000, store: Self.store,
      salt: salt, firstFrameNumber: firstFrameNumber, totals: totals, predecessor: predecessor)
    bytes = header.encodedArea()
    frameNumber = firstFrameNumber
    nextSequence = firstSequence
  }

  /// The segment that follows, as a rotation would begin it.
  func successor(totals: Totals = Totals()) -> SegmentBuilder {
    SegmentBuilder(
      id: header.id + 1, firstSequence: nextSequence, salt: header.salt ^ header.id,
      firstFrameNumber: frameNumber, totals: totals,
      predecessor: SegmentHeader.Predecessor(
        id: header.id, durableLength: UInt64(bytes.count), lastSequence: nextSequence - 1,
        lastFrameCRC: lastFrameCRC))
  }

  /// `syncedUpTo` nil: everything before the frame.
  mutating func append(
    _ kind: FrameKind = .data, syncedUpTo: UInt64? = nil,
    _ stage: (FrameEncoder) -> Void = { _ in }
  ) {
    encoder.begin(baseSequence: nextSequence)
    stage(encoder)
    let length = encoder.encode(
      kind: kind, salt: header.salt, frameNumber: frameNumber,
      committedAtMs: 1_700_000_000_000 + frameNumber * 10)
    nextSequence += UInt64(encoder.messageCount)
    let frame = encoder.withFrame(syncedUpTo: syncedUpTo ?? UInt64(bytes.count)) { Array($0) }
    precondition(frame.count == length)
    offsets.append(UInt64(bytes.count))
    bytes += frame
    lastFrameCRC = encoder.headCRC
    frameNumber += 1
  }

  mutating func append(_ content: FrameContent) {
    append { encoder in content.stage(into: encoder) }
  }

  /// `zeros`: prepared room behind the last frame.
  func put(on disk: SimDisk, zeros: Int = 0) {
    disk.put(FileNames.segment(header.id), bytes + [UInt8](repeating: 0, count: zeros))
  }

  func record(_ number: Int, payload: String = "{}", uuid: String? = nil) -> NewRecord {
    NewRecord(
      uuid: uuid.map { Array($0.utf8) } ?? PackedUUID(high: 1, low: UInt64(number)).ascii,
      key: UUIDKey(high: 7, low: UInt64(number)), contentHash: UInt64(number) &* 0x9e37_79b9,
      destination: "http://b:80", payload: Array(payload.utf8))
  }
}
