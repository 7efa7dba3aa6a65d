extension Recovery {
  /// Writes the unproven frames of the last run into the new file: same sequences, same times, new
  /// salt and numbers. Returns where they end. Nothing is synced here.
  mutating func logAgain(
    _ last: LastSegment, into target: PreparedFile, _ header: SegmentHeader
  ) throws(LogError) -> UInt64 {
    let start = last.durableEnd
    guard let old = last.found.header else { return FormatLimits.firstFrameOffset }
    let source = try open(last.found)
    defer { source.close() }
    do throws(DiskError) {
      var end = FormatLimits.firstFrameOffset
      end += try writeDefinitions(
        usedBy: source, old, from: start, to: last.unprovenEnd, into: target, header)
      var moved: [UInt64: UInt64] = [:]
      var offset = start
      while let frame = try wholeFrame(source, old, at: offset, end: last.unprovenEnd) {
        defer { offset += UInt64(frame.head.totalLength) }
        guard frame.head.recordCount > 0 else { continue }
        moved[offset] = end
        let bytes = frame.bytes.withUnsafeBytes { bytes in
          FrameRelog.rewrite(
            bytes, head: frame.head, directory: frame.directory, salt: header.salt,
            frameNumber: nextFrameNumber, syncedUpTo: FormatLimits.firstFrameOffset
          ) { place in
            guard place.kind == .wal, place.segment == old.id, place.frameOffset >= start else {
              return place
            }
            return moved[place.frameOffset].map {
              NotePlace(segment: header.id, frameOffset: $0)
            }
          }
        }
        try Self.write(bytes, to: target.file, at: end)
        end += UInt64(bytes.count)
        nextFrameNumber += 1
        report.reloggedFrames += 1
        countEnded(frame.directory)
      }
      return end
    } catch {
      throw .disk(error)
    }
  }

  private mutating func countEnded(_ directory: FrameDirectory) {
    for control in directory.controls { givenUpAgain.add(capped: control.lostCount ?? 0) }
    for outcome in directory.outcomes where outcome.kind != .dead {
      endsToCome.insert(outcome.sequence)
    }
  }

  /// A frame of the destinations that the unproven frames use and don't define: the old segment's
  /// proven frames did, or frames without records, which aren't logged again. Returns its length.
  private mutating func writeDefinitions(
    usedBy source: any DiskFile, _ old: SegmentHeader, from start: UInt64, to end: UInt64,
    into target: PreparedFile, _ header: SegmentHeader
  ) throws(DiskError) -> UInt64 {
    var used: Set<UInt32> = []
    var origins: [UInt32: String] = [:]
    var offset = start
    // Time never falls within a segment: the frames that follow keep theirs.
    var committedAtMs: UInt64?
    while let frame = try wholeFrame(source, old, at: offset, end: end) {
      committedAtMs = committedAtMs ?? frame.head.committedAtMs
      for message in frame.directory.messages { used.insert(message.destination) }
      for definition in frame.directory.destinations where frame.head.recordCount == 0 {
        origins[definition.id] = definition.origin
      }
      offset += UInt64(frame.head.totalLength)
    }
    let segment = state.segments[state.segments.count - 1]
    let encoder = FrameEncoder()
    encoder.begin(baseSequence: state.nextSequence)
    for number in used.sorted() {
      let proven = segment.place(ofDestination: number).flatMap {
        state.destinations.origin(segment.destinations[Int($0)].id)
      }
      guard let origin = proven ?? origins[number] else { continue }
      encoder.define(destination: number, origin: origin)
    }
    guard !encoder.isEmpty else { return 0 }
    let length = encoder.encode(
      salt: header.salt, frameNumber: nextFrameNumber,
      committedAtMs: committedAtMs ?? state.lastCommittedAtMs)
    nextFrameNumber += 1
    let bytes = encoder.withFrame(syncedUpTo: FormatLimits.firstFrameOffset) { Array($0) }
    try Self.write(bytes, to: target.file, at: FormatLimits.firstFrameOffset)
    return UInt64(length)
  }

  private struct WholeFrame {
    var bytes: [UInt8]
    var head: FrameHead
    var directory: FrameDirectory
  }

  /// The frame at `offset`, found valid by the scan before; nil at `end`.
  private func wholeFrame(
    _ file: any DiskFile, _ header: SegmentHeader, at offset: UInt64, end: UInt64
  ) throws(DiskError) -> WholeFrame? {
    guard offset < end, end - offset >= UInt64(FrameHead.size) else { return nil }
    let start = try read(file, FrameHead.size, at: offset)
    guard let head = try? start.withUnsafeBytes({ try FrameHead.decode($0, salt: header.salt) }),
      UInt64(head.totalLength) <= end - offset
    else { return nil }
    let bytes = try read(file, Int(head.totalLength), at: offset)
    guard bytes.count == Int(head.totalLength) else { return nil }
    var directory = FrameDirectory()
    let isValid = bytes.withUnsafeBytes { buffer in
      let prefix = UnsafeRawBufferPointer(rebasing: buffer[..<head.prefixLength])
      return (try? head.verify(prefix: prefix)) != nil
        && (try? directory.decode(
          head, directory: UnsafeRawBufferPointer(rebasing: prefix[FormatLimits.headSize...])))
          != nil
    }
    return isValid ? WholeFrame(bytes: bytes, head: head, directory: directory) : nil
  }

  private func read(
    _ file: any DiskFile, _ length: Int, at offset: UInt64
  ) throws(DiskError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: offset)
    }
    bytes.removeLast(length - count)
    return bytes
  }
}
