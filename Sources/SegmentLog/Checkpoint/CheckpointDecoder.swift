/// Reads a checkpoint back. Every byte is covered by a checksum, and distrusted all the same: what
/// indexes something is checked against what it indexes, and nothing is allocated for a length that
/// was only claimed.
struct CheckpointDecoder {
  private var content: Checkpoint
  private var images = SegmentImageReader(.wal)
  private var colds = SegmentImageReader(.cold)
  private var lastSection: UInt8 = 0

  /// The whole of an open file.
  static func decode(_ file: any DiskFile) throws(CheckpointError) -> Checkpoint {
    let reader = try ChunkReader(file: file)
    let header = try reader.header()
    guard let first = try reader.next(), first.section == CheckpointFormat.Section.summary else {
      throw .badValue("first section", offset: UInt64(CheckpointFormat.headerSize))
    }
    var decoder = CheckpointDecoder(content: try summary(header, first))
    while let chunk = try reader.next() {
      try decoder.add(chunk)
    }
    return try decoder.finish()
  }

  private init(content: Checkpoint) { self.content = content }

  private static func summary(
    _ header: CheckpointHeader, _ chunk: ChunkReader.Chunk
  ) throws(CheckpointError) -> Checkpoint {
    do {
      return try chunk.raw.withUnsafeBytes { bytes in
        var input = ByteReader(bytes)
        let segment = try input.little(UInt64.self)
        let offset = try input.little(UInt64.self)
        let frameOffset = try input.little(UInt64.self)
        let number = try input.little(UInt64.self)
        let position = LogPosition(
          segment: segment, offset: offset, frameOffset: frameOffset,
          frameCRC: try input.little(UInt32.self), nextFrameNumber: number)
        var counters = LogCounters()
        counters.nextSequence = try input.little(UInt64.self)
        counters.lastCommittedAtMs = try input.little(UInt64.self)
        counters.dedupFloor = try input.little(UInt64.self)
        counters.lostOutside = try input.little(UInt64.self)
        counters.totals.accepted = try input.little(UInt64.self)
        counters.totals.delivered = try input.little(UInt64.self)
        counters.totals.dead = try input.little(UInt64.self)
        counters.totals.cancelled = try input.little(UInt64.self)
        // Checkpoints of before there were cold segments end here.
        if !input.isAtEnd {
          counters.nextCold = try input.little(UInt64.self)
          counters.nextDedup = try input.little(UInt64.self)
        }
        guard input.isAtEnd else { throw EntryError.value("length of the summary") }
        return Checkpoint(
          store: header.store, number: header.number, createdMs: header.createdMs,
          position: position, counters: counters)
      }
    } catch {
      throw .badValue("summary (\(error))", offset: chunk.offset)
    }
  }

  private mutating func add(_ chunk: ChunkReader.Chunk) throws(CheckpointError) {
    if chunk.section & 0x80 != 0 { return }
    guard chunk.section >= lastSection else {
      throw .badValue("order of the sections", offset: chunk.offset)
    }
    lastSection = chunk.section
    do {
      try chunk.raw.withUnsafeBytes { bytes in
        var input = ByteReader(bytes)
        var previous: Sequence = 0
        while !input.isAtEnd {
          switch chunk.section {
          case CheckpointFormat.Section.destinations: try readDestination(&input)
          case CheckpointFormat.Section.segments: try images.read(&input)
          case CheckpointFormat.Section.attempts:
            previous = try readAttempt(&input, after: previous)
          case CheckpointFormat.Section.damage:
            content.damage.append(try DamageCoding.decode(&input))
          case CheckpointFormat.Section.cold: try colds.read(&input)
          case CheckpointFormat.Section.dedup: try readDedup(&input)
          default:
            throw CheckpointError.unknownSection(chunk.section, offset: chunk.offset)
          }
        }
      }
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw .badValue("entry of section \(chunk.section) (\(error))", offset: chunk.offset)
    }
  }

  private mutating func readDestination(_ input: inout ByteReader) throws {
    let id = try input.varint(as: UInt32.self)
    let origin = try input.take(try input.varint())
    guard (1...FormatLimits.destinationMax).contains(origin.count),
      id < DestinationTable.numbersMax, content.destinations.last.map({ $0.id < id }) ?? true
    else { throw EntryError.value("destination") }
    content.destinations.append(
      DestinationDefinition(id: id, origin: String(decoding: origin, as: UTF8.self)))
  }

  private mutating func readAttempt(
    _ input: inout ByteReader, after previous: Sequence
  ) throws -> Sequence {
    let sequence = previous &+ UInt64(bitPattern: try input.zigzag())
    guard sequence >= 1, sequence < content.counters.nextSequence,
      content.attempts[sequence] == nil
    else { throw EntryError.value("sequence") }
    var state = AttemptState(sequence: sequence)
    state.count = try input.varint(as: UInt32.self)
    state.status = try input.varint(as: UInt16.self)
    state.delayMs = try input.varint(as: UInt32.self)
    state.dueAtMs = content.createdMs &+ UInt64(bitPattern: try input.zigzag())
    let segment = try input.varint()
    if segment > 0 {
      let place = NoteCoding.place(segment - 1, frameOffset: try input.varint())
      guard NoteCoding.isPossible(place) else { throw EntryError.value("place of a text") }
      state.note = place
    }
    content.attempts[sequence] = state
    return sequence
  }

  private mutating func readDedup(_ input: inout ByteReader) throws {
    let id = try input.varint()
    let createdMs = try input.varint()
    var dedup = DedupHeader(
      id: id, store: content.store, createdMs: createdMs, count: try input.varint(),
      pages: try input.varint(), firstSequence: try input.varint(), lastSequence: 0,
      firstAcceptedMs: 0, lastAcceptedMs: 0)
    dedup.lastSequence = dedup.firstSequence.addingCapped(try input.varint())
    dedup.firstAcceptedMs = try input.varint()
    dedup.lastAcceptedMs = dedup.firstAcceptedMs.addingCapped(try input.varint())
    guard dedup.isPossible, dedup.lastSequence < content.counters.nextSequence,
      dedup.id < content.counters.nextDedup, content.dedups.last.map({ $0.id < dedup.id }) ?? true
    else { throw EntryError.value("dedup file") }
    content.dedups.append(dedup)
  }

  private mutating func finish() throws(CheckpointError) -> Checkpoint {
    do {
      try images.finish()
      try colds.finish()
    } catch {
      throw .contradiction("\(error)")
    }
    content.segments = images.segments
    content.cold = colds.segments
    if let reason = content.contradiction { throw .contradiction(reason) }
    return content
  }
}
