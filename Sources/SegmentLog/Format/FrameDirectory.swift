/// A frame's directory, decoded into flat arrays that are used again for the next frame.
package struct FrameDirectory: Sendable {
  package internal(set) var destinations: [DestinationDefinition] = []
  /// Their sequences are `baseSequence`, + 1, + 2 …, or, in a cold segment, ascending with gaps.
  package internal(set) var messages: [DirectoryMessage] = []
  package internal(set) var isSparse = false
  /// Of messages in cold segments; apply after messages.
  package internal(set) var waits: [DirectoryWait] = []
  /// Apply after messages, in this order.
  package internal(set) var attempts: [DirectoryAttempt] = []
  /// Apply after attempts.
  package internal(set) var outcomes: [DirectoryOutcome] = []
  package internal(set) var controls: [ControlRecord] = []
  /// Apply last.
  package internal(set) var compactions: [CompactionRecord] = []
  package internal(set) var notes: [DirectoryNote] = []
  package internal(set) var blocks: [DirectoryBlock] = []
  /// There are sections that this version does not know and may step over.
  package internal(set) var hasUnknownSections = false
  /// The directory's own bytes.
  package internal(set) var bytes: [UInt8] = []

  package init() {}

  /// The UUID's ASCII bytes as the caller gave them.
  package func uuid(of message: DirectoryMessage) -> [UInt8] {
    packedUUID(of: message)?.ascii ?? Array(bytes[range(of: message)])
  }

  /// Whether the message has this UUID, compared byte by byte.
  package func hasUUID(_ message: DirectoryMessage, _ uuid: [UInt8]) -> Bool {
    guard let packed = packedUUID(of: message) else {
      return bytes[range(of: message)].elementsEqual(uuid)
    }
    return uuid.withBytes { PackedUUID(ascii: $0) } == packed
  }

  private func range(of message: DirectoryMessage) -> Range<Int> {
    let start = Int(message.uuidOffset)
    return start..<start + Int(message.uuidLength)
  }

  private func packedUUID(of message: DirectoryMessage) -> PackedUUID? {
    guard message.uuidLength == 0 else { return nil }
    let start = Int(message.uuidOffset)
    return bytes.withBytes { buffer in
      PackedUUID(
        high: buffer.littleInteger(at: start, as: UInt64.self).byteSwapped,
        low: buffer.littleInteger(at: start + 8, as: UInt64.self).byteSwapped)
    }
  }

  /// nil when the sequence isn't in this frame.
  package func message(_ sequence: Sequence) -> DirectoryMessage? {
    guard let first = messages.first, sequence >= first.sequence else { return nil }
    if isSparse { return sparseMessage(sequence) }
    guard sequence - first.sequence < UInt64(messages.count) else { return nil }
    return messages[Int(sequence - first.sequence)]
  }

  private func sparseMessage(_ sequence: Sequence) -> DirectoryMessage? {
    var low = 0
    var high = messages.count
    while low < high {
      let middle = (low + high) / 2
      if messages[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    guard low < messages.count, messages[low].sequence == sequence else { return nil }
    return messages[low]
  }

  /// The note of a message after this many attempts; the latest one when `attempts` is nil.
  package func note(_ sequence: Sequence, attempts: UInt32? = nil) -> DirectoryNote? {
    notes.last { $0.sequence == sequence && (attempts == nil || $0.attempts == attempts) }
  }

  mutating func removeAll() {
    destinations.removeAll(keepingCapacity: true)
    messages.removeAll(keepingCapacity: true)
    isSparse = false
    waits.removeAll(keepingCapacity: true)
    compactions.removeAll(keepingCapacity: true)
    hasUnknownSections = false
    attempts.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
    controls.removeAll(keepingCapacity: true)
    notes.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
  }
}
