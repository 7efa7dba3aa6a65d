/// Of a frame's directory what a pass over a whole log counts, read without an entry for each
/// message. Its arrays are used again for the next frame.
package struct FrameSummary: Sendable {
  package private(set) var messages = 0
  /// The highest of its messages' sequences; nil without any.
  package private(set) var lastSequence: Sequence?
  /// Only in cold segments, whose sequences have gaps: those of the messages.
  package private(set) var sparse: [Sequence] = []
  package private(set) var waits: [DirectoryWait] = []
  /// Messages that stand nowhere, without known numbers, and were given up as lost.
  package private(set) var givenUp: UInt64 = 0
  package private(set) var compactions: [CompactionRecord] = []
  /// Of all payloads, before compression.
  package private(set) var payloadBytes: UInt64 = 0
  package private(set) var attempts: [DirectoryAttempt] = []
  package private(set) var outcomes: [DirectoryOutcome] = []
  package private(set) var notes = 0
  package private(set) var definesDestinations = false

  package init() {}

  /// Behind its messages, by what its head says when it has none.
  func nextSequence(after head: FrameHead) -> Sequence {
    lastSequence.map { $0 &+ 1 } ?? head.baseSequence
  }

  /// Runs of its messages' sequences.
  func forEachRun(_ head: FrameHead, _ body: (_ first: Sequence, _ count: Int) -> Void) {
    if sparse.isEmpty {
      if messages > 0 { body(head.baseSequence, messages) }
    } else {
      for sequence in sparse { body(sequence, 1) }
    }
  }

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
    lastSequence = directory.messages.last?.sequence
    if directory.isSparse { sparse.append(contentsOf: directory.messages.lazy.map(\.sequence)) }
    waits.append(contentsOf: directory.waits)
    compactions.append(contentsOf: directory.compactions)
    for control in directory.controls { givenUp = givenUp.addingCapped(control.lostCount ?? 0) }
    for message in directory.messages { payloadBytes += UInt64(message.payloadLength) }
    attempts.append(contentsOf: directory.attempts)
    outcomes.append(contentsOf: directory.outcomes)
    notes = directory.notes.count
    definesDestinations = !directory.destinations.isEmpty
  }

  private mutating func reset() {
    messages = 0
    lastSequence = nil
    sparse.removeAll(keepingCapacity: true)
    waits.removeAll(keepingCapacity: true)
    compactions.removeAll(keepingCapacity: true)
    givenUp = 0
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
      messages + attempts.count + outcomes.count == Int(head.recordCount),
      head.baseSequence <= UInt64.max - UInt64(messages)
    else { return false }
    payloadBytes -= textBytes
    if messages > 0 { lastSequence = head.baseSequence + UInt64(messages - 1) }
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
