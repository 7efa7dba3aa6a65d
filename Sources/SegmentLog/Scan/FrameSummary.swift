/// Of a frame's directory what a pass over a whole log counts, read without an entry for each
/// message. Its arrays are used again for the next frame.
package struct FrameSummary: Sendable {
  package private(set) var messages = 0
  /// Of all payloads, before compression.
  package private(set) var payloadBytes: UInt64 = 0
  package private(set) var attempts: [DirectoryAttempt] = []
  package private(set) var outcomes: [DirectoryOutcome] = []
  package private(set) var notes = 0
  package private(set) var definesDestinations = false

  package init() {}

  /// Reads the frame that the scanner gave last.
  package mutating func read(
    _ frame: inout ScannedFrame, _ scanner: SegmentScanner
  ) throws(DiskError) {
    if scanner.depth == .heads {
      let isRead = try scanner.withPrefix { prefix in
        skim(frame.head, UnsafeRawBufferPointer(rebasing: prefix[FormatLimits.headSize...]))
      }
      if isRead { return }
      try scanner.decodeDirectory(of: &frame)
    }
    take(scanner.directory)
  }

  private mutating func take(_ directory: FrameDirectory) {
    reset()
    messages = directory.messages.count
    for message in directory.messages { payloadBytes += UInt64(message.payloadLength) }
    attempts.append(contentsOf: directory.attempts)
    outcomes.append(contentsOf: directory.outcomes)
    notes = directory.notes.count
    definesDestinations = !directory.destinations.isEmpty
  }

  private mutating func reset() {
    messages = 0
    payloadBytes = 0
    attempts.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
    notes = 0
    definesDestinations = false
  }

  /// False: only a full decoding can tell, since there is something in it that this doesn't know or
  /// that contradicts itself. Messages are stepped over; what payloads there are the blocks say.
  private mutating func skim(_ head: FrameHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
    reset()
    guard head.kind != nil, head.baseSequence >= 1 else { return false }
    var input = ByteReader(bytes)
    var controls = 0
    var textBytes: UInt64 = 0
    do {
      while !input.isAtEnd {
        let section = try input.byte()
        let count = try input.varint()
        var body = ByteReader(try input.take(try input.varint()))
        guard count <= UInt64(body.remaining) else { return false }
        let entries = Int(count)
        switch section {
        case SectionType.destinations: definesDestinations = true
        case SectionType.messages: messages = entries
        case SectionType.attempts:
          try DirectorySections.decodeAttempts(
            entries, &body, head.baseSequence, into: &attempts)
        case SectionType.outcomes:
          try DirectorySections.decodeOutcomes(
            entries, &body, head.baseSequence, into: &outcomes)
        case SectionType.control: controls = entries
        case SectionType.blocks: payloadBytes = try Self.rawBytes(entries, &body)
        case SectionType.notes:
          notes = entries
          textBytes = try Self.textBytes(entries, &body)
        default: return false
        }
      }
    } catch {
      return false
    }
    guard textBytes <= payloadBytes,
      messages + attempts.count + outcomes.count + controls == Int(head.recordCount),
      head.baseSequence <= UInt64.max - UInt64(messages)
    else { return false }
    payloadBytes -= textBytes
    return true
  }

  private static func rawBytes(_ count: Int, _ input: inout ByteReader) throws -> UInt64 {
    var sum: UInt64 = 0
    for _ in 0..<count {
      sum += UInt64(try input.varint(as: UInt32.self))
      _ = try input.varint()
      _ = try input.little(UInt32.self)
    }
    return sum
  }

  private static func textBytes(_ count: Int, _ input: inout ByteReader) throws -> UInt64 {
    // Only their lengths are asked for, so any base does.
    var sequence: Sequence = 1 << 62
    var sum: UInt64 = 0
    for _ in 0..<count {
      let note = try NoteCoding.decode(&input, after: sequence)
      sequence = note.sequence
      sum += UInt64(note.length)
    }
    return sum
  }
}
