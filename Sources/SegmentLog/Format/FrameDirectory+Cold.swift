/// The sections that only compaction writes.
extension FrameDirectory {
  mutating func decodeSparseMessages(
    _ count: Int, _ input: inout ByteReader, at start: Int, _ head: FrameHead
  ) throws {
    guard messages.isEmpty else { throw EntryError.value("second section of messages") }
    isSparse = true
    messages.reserveCapacity(min(count, input.remaining / (MessageCoding.sizeMin + 2)))
    var sequence = head.baseSequence
    for index in 0..<count {
      let next = try input.sequence(after: sequence)
      // Ascending, so that a message is found by halving.
      guard index == 0 || next > sequence else { throw EntryError.value("order of messages") }
      sequence = next
      let acceptedAtMs = try input.time(after: head.committedAtMs)
      messages.append(
        try MessageCoding.decode(
          &input, directoryOffset: start, sequence: sequence, acceptedAtMs: acceptedAtMs))
    }
  }

  mutating func decodeWaits(_ count: Int, _ input: inout ByteReader, _ head: FrameHead) throws {
    var sequence = head.baseSequence
    for _ in 0..<count {
      sequence = try input.sequence(after: sequence)
      waits.append(
        DirectoryWait(
          sequence: sequence, attempts: try input.varint(as: UInt32.self),
          status: try input.varint(as: UInt16.self), delayMs: try input.varint(as: UInt32.self),
          dueAtMs: try input.time(after: head.committedAtMs)))
    }
  }

  mutating func decodeCompactions(_ count: Int, _ input: inout ByteReader) throws {
    for _ in 0..<count { compactions.append(try CompactionRecord(from: &input)) }
  }
}

extension ByteReader {
  /// A time as the difference to another.
  mutating func time(after other: UInt64) throws -> UInt64 {
    let difference = try zigzag()
    let (value, overflow) =
      difference >= 0
      ? other.addingReportingOverflow(UInt64(difference))
      : other.subtractingReportingOverflow(difference.magnitude)
    guard !overflow else { throw EntryError.value("time") }
    return value
  }
}

extension ByteWriter {
  /// See `ByteReader.time(after:)`.
  mutating func append(time: UInt64, after other: UInt64) {
    append(zigzag: Int64(bitPattern: time &- other))
  }
}
