/// Finds the messages of one segment that have not ended and can't be read: what a start that begins
/// from a checkpoint doesn't look at. Pure; fed with the steps of a scan, in order.
struct BodyCheck {
  private let segment: SegmentState
  /// The next message that has not been seen: its place among the segment's.
  private var next = 0
  /// The first stretch that was found invalid since the last message was seen.
  private var gap: InvalidRange?
  private(set) var damage: [Damage] = []
  private(set) var unreadable: [Sequence] = []

  init(_ segment: SegmentState) { self.segment = segment }

  mutating func add(_ range: InvalidRange) { gap = gap ?? range }

  mutating func add(_ frame: ScannedFrame, _ directory: FrameDirectory) {
    for message in directory.messages { see(message.sequence) }
    if !directory.messages.isEmpty { gap = nil }
    for (block, found) in zip(frame.badBlocks, frame.badBlockChecksums) {
      add(block, found, of: frame, directory)
    }
  }

  /// To be called once, after the scan's end.
  mutating func finish() { missBelow(segment.count) }

  private mutating func see(_ sequence: Sequence) {
    guard let index = segment.index(of: sequence), index >= next else { return }
    missBelow(index)
    next = index + 1
  }

  /// Live messages up to (not with) this place stand in no frame that can be read.
  private mutating func missBelow(_ end: Int) {
    var missed: [Sequence] = []
    while let index = segment.live.first(true, from: next), index < end {
      missed.append(segment.sequence(at: index))
      next = index + 1
    }
    next = end
    guard !missed.isEmpty else { return }
    let place = gap?.offset ?? segment.end
    note(
      missed,
      Damage(
        file: segment.file, offset: place, end: gap?.end ?? segment.end,
        reason: gap?.cause.description ?? "expected messages that stand in no frame", lost: nil))
  }

  private mutating func add(
    _ index: Int, _ found: UInt32, of frame: ScannedFrame, _ directory: FrameDirectory
  ) {
    let block = directory.blocks[index]
    let lost = directory.messages.filter { message in
      message.payloadLength > 0 && Int(message.block) == index
        && segment.index(of: message.sequence).map(segment.isLive(at:)) == true
    }
    guard !lost.isEmpty else { return }
    let offset = frame.offset + UInt64(block.offsetInFrame)
    let cause = FrameError.badBlockChecksum(block: index, expected: block.crc, found: found)
    var damage = Damage(
      kind: .block, file: segment.file, offset: offset, end: offset + UInt64(block.storedLength),
      reason: cause.description, lost: nil)
    damage.uuids = lost.prefix(Damage.uuidsMax).map {
      String(decoding: directory.uuid(of: $0), as: UTF8.self)
    }
    note(lost.map(\.sequence), damage)
  }

  private mutating func note(_ sequences: [Sequence], _ damage: Damage) {
    guard let first = sequences.first, let last = sequences.last else { return }
    var damage = damage
    damage.lost = first...last
    damage.ended = last - first + 1 - UInt64(sequences.count)
    self.damage.append(damage)
    unreadable += sequences
  }
}

extension LogCore {
  /// Reads every segment with messages that have not ended, and notes what can't be read as damage.
  /// Takes as long as reading all of them does: for a log that serves nobody.
  func checkBodies() throws(DiskError) {
    for segment in state.segments + state.cold where segment.liveCount > 0 {
      let check = try check(segment)
      state.unreadable.formUnion(check.unreadable)
      for damage in check.damage where !state.damage.contains(where: { $0.covers(damage) }) {
        state.damage.append(damage)
      }
    }
  }

  private func check(_ segment: SegmentState) throws(DiskError) -> BodyCheck {
    let file = try disk.open(segment.file, .readOnly)
    defer { file.close() }
    return try BodyCheck.run(on: file, of: segment)
  }
}

extension BodyCheck {
  /// Reads all of a segment's file.
  static func run(
    on file: any DiskFile, of segment: SegmentState
  ) throws(DiskError) -> BodyCheck {
    var check = BodyCheck(segment)
    // What matters of the header for a scan is known, whether it can be read or not.
    let scanner = try SegmentScanner(file: file, header: segment.header, cut: segment.end)
    while true {
      switch try scanner.next() {
      case .frame(let frame): check.add(frame, scanner.directory)
      case .invalid(let range): check.add(range)
      case .end:
        check.finish()
        return check
      }
    }
  }
}
