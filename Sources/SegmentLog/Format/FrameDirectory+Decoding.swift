extension FrameDirectory {
  /// Replaces what is held by the directory of a frame whose head CRC was found right. The bytes
  /// are distrusted all the same: a count is believed only as far as there are bytes for it.
  ///
  /// A frame of an unknown but ignorable type decodes to an empty directory.
  package mutating func decode(
    _ head: FrameHead, directory: UnsafeRawBufferPointer
  ) throws(FrameError) {
    removeAll()
    guard head.kind != nil else {
      if head.isIgnorable { return }
      throw .unknownFrameType(head.type)
    }
    bytes.append(contentsOf: directory)
    var input = ByteReader(directory)
    var seen: UInt32 = 0
    while !input.isAtEnd {
      let section: UInt8
      let count: UInt64
      let body: UnsafeRawBufferPointer
      do throws(ByteReader.Failure) {
        section = try input.byte()
        count = try input.varint()
        body = try input.take(try input.varint())
      } catch {
        throw .badDirectory(section: 0, reason: "\(error)")
      }
      let bit = SectionType.bit(section)
      guard seen & bit == 0 else {
        throw .badDirectory(section: section, reason: "stands twice")
      }
      seen |= bit
      guard count <= UInt64(body.count) else {
        throw .badDirectory(section: section, reason: "\(count) entries in \(body.count) bytes")
      }
      let start = input.offset - body.count
      do {
        try decode(section, count: Int(count), body, at: start, head)
      } catch let error as FrameError {
        throw error
      } catch {
        throw .badDirectory(section: section, reason: "\(error)")
      }
    }
    try check(head)
  }

  private mutating func decode(
    _ section: UInt8, count: Int, _ body: UnsafeRawBufferPointer, at start: Int, _ head: FrameHead
  ) throws {
    var input = ByteReader(body)
    switch section {
    case SectionType.destinations: try decodeDestinations(count, &input)
    case SectionType.messages: try decodeMessages(count, &input, at: start, head)
    case SectionType.sparseMessages: try decodeSparseMessages(count, &input, at: start, head)
    case SectionType.waits: try decodeWaits(count, &input, head)
    case SectionType.compacted: try decodeCompactions(count, &input)
    case SectionType.attempts:
      try DirectorySections.decodeAttempts(count, &input, head.baseSequence, into: &attempts)
    case SectionType.outcomes:
      try DirectorySections.decodeOutcomes(count, &input, head.baseSequence, into: &outcomes)
    case SectionType.control: try decodeControls(count, &input)
    case SectionType.blocks: try decodeBlocks(count, &input, head)
    case SectionType.notes: try decodeNotes(count, &input, head.baseSequence)
    case let ignorable where ignorable & 0x80 != 0:
      hasUnknownSections = true
      return
    default: throw FrameError.unknownSection(section)
    }
    guard input.isAtEnd else {
      throw FrameError.badDirectory(section: section, reason: "\(input.remaining) bytes too many")
    }
  }

  private mutating func decodeDestinations(_ count: Int, _ input: inout ByteReader) throws {
    for _ in 0..<count {
      let id = try input.varint(as: UInt32.self)
      let origin = try input.take(try input.varint())
      guard (1...FormatLimits.destinationMax).contains(origin.count) else {
        throw EntryError.value("origin length")
      }
      destinations.append(
        DestinationDefinition(id: id, origin: String(decoding: origin, as: UTF8.self)))
    }
  }

  private mutating func decodeMessages(
    _ count: Int, _ input: inout ByteReader, at start: Int, _ head: FrameHead
  ) throws {
    guard messages.isEmpty else { throw EntryError.value("second section of messages") }
    let base = head.baseSequence
    guard base >= 1, base <= UInt64.max - UInt64(count) else { throw EntryError.value("sequence") }
    messages.reserveCapacity(min(count, input.remaining / MessageCoding.sizeMin))
    for index in 0..<count {
      messages.append(
        try MessageCoding.decode(
          &input, directoryOffset: start, sequence: base + UInt64(index),
          acceptedAtMs: head.committedAtMs))
    }
  }

  private mutating func decodeControls(_ count: Int, _ input: inout ByteReader) throws {
    for _ in 0..<count {
      let kind = try input.varint(as: UInt16.self)
      controls.append(ControlRecord(kind: kind, bytes: Array(try input.take(try input.varint()))))
    }
  }

  private mutating func decodeBlocks(
    _ count: Int, _ input: inout ByteReader, _ head: FrameHead
  ) throws {
    var offset = UInt64(head.prefixLength)
    for _ in 0..<count {
      let raw = try input.varint(as: UInt32.self)
      let stored = try input.varint(as: UInt32.self)
      let crc = try input.little(UInt32.self)
      // Deflate can't do better than 1 : 1032, so a larger promise is a lie.
      guard stored >= 1, stored <= raw, raw <= FormatLimits.blockRawMax,
        UInt64(raw) <= UInt64(stored) * 1032 + 1032
      else { throw EntryError.value("length of a block") }
      guard offset + UInt64(stored) <= UInt64(head.totalLength) else {
        throw EntryError.value("place of a block")
      }
      blocks.append(
        DirectoryBlock(
          rawLength: raw, storedLength: stored, crc: crc, offsetInFrame: UInt32(offset)))
      offset += UInt64(stored)
    }
  }

  private mutating func decodeNotes(
    _ count: Int, _ input: inout ByteReader, _ base: Sequence
  ) throws {
    var sequence = base
    for _ in 0..<count {
      let note = try NoteCoding.decode(&input, after: sequence)
      sequence = note.sequence
      notes.append(note)
    }
  }
}

/// A value in a directory entry that can't be.
enum EntryError: Error {
  case value(String)
}

extension ByteReader {
  mutating func varint<I: FixedWidthInteger>(as _: I.Type) throws -> I {
    guard let value = I(exactly: try varint()) else { throw EntryError.value("number") }
    return value
  }

  /// Sequences stand as differences to the one before, the first to the frame's base.
  mutating func sequence(after previous: Sequence) throws -> Sequence {
    let difference = try zigzag()
    let (value, overflow) =
      difference >= 0
      ? previous.addingReportingOverflow(UInt64(difference))
      : previous.subtractingReportingOverflow(difference.magnitude)
    guard !overflow, value >= 1 else { throw EntryError.value("sequence") }
    return value
  }
}
