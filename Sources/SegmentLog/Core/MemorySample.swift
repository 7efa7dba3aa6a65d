/// One of the engine's tables by itself, filled as a running log fills it, for measuring what it takes.
package struct MemorySample: Sendable {
  private enum Table: Sendable {
    case cold([SegmentState])
    case index(UUIDIndex)
    case attempts(AttemptTable)
    case destinations(DestinationTable)
  }

  private var table: Table

  /// Pending messages in segments of 64 MiB, in frames of 256 of them that take 64 KiB, spread over
  /// `destinations`.
  package static func coldMessages(_ count: Int, destinations: Int) -> MemorySample {
    var segments: [SegmentState] = []
    let (perFrame, framesPerSegment) = (256, 1024)
    var sequence: Sequence = 1
    for start in stride(from: 0, to: count, by: perFrame * framesPerSegment) {
      var segment = SegmentState(header: header(id: UInt64(segments.count + 1), first: sequence))
      for number in 0..<destinations { segment.define(UInt32(number), id: UInt32(number)) }
      for index in start..<min(start + perFrame * framesPerSegment, count) {
        let frame = UInt64((index - start) / perFrame)
        if index % perFrame == 0 {
          segment.mark(
            offset: FormatLimits.firstFrameOffset + frame << 16, sequence: sequence)
        }
        segment.append(place: UInt32(index % destinations))
        sequence += 1
      }
      segment.close()
      segments.append(segment)
    }
    return MemorySample(table: .cold(segments))
  }

  /// Destinations of segments, ten thousand in each.
  package static func pairs(_ count: Int) -> MemorySample {
    let segments = (0..<(count + 9999) / 10_000).map { number in
      var segment = SegmentState(header: header(id: UInt64(number + 1), first: 1))
      for place in 0..<min(10_000, count - number * 10_000) {
        segment.define(UInt32(place), id: UInt32(place))
      }
      segment.close()
      return segment
    }
    return MemorySample(table: .cold(segments))
  }

  package static func uuidIndex(_ count: Int, seed: UInt64) -> MemorySample {
    var keys = SaltSource(seed: seed)
    var index = UUIDIndex()
    for number in 0..<count {
      index.insert(UUIDKey(high: keys.next(), low: keys.next()), UInt64(number + 1))
    }
    return MemorySample(table: .index(index))
  }

  package static func attempts(_ count: Int) -> MemorySample {
    var table = AttemptTable()
    for number in 0..<count {
      var state = AttemptState(sequence: UInt64(number + 1))
      state.count = 1
      state.note = NotePlace(segment: 1, frameOffset: UInt64(number))
      table[state.sequence] = state
    }
    return MemorySample(table: .attempts(table))
  }

  package static func destinations(_ origins: [String]) -> MemorySample {
    var table = DestinationTable()
    for origin in origins { table.addWaiting(table.use(origin), 1) }
    return MemorySample(table: .destinations(table))
  }

  private static func header(id: UInt64, first: Sequence) -> SegmentHeader {
    SegmentHeader(
      id: id, firstSequence: first, createdMs: 0, store: StoreUUID(high: 0, low: 0), salt: 0,
      firstFrameNumber: 1, totals: Totals(), predecessor: nil)
  }
}
