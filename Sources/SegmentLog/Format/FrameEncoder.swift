/// Builds one frame after the other, with the same memory.
///
/// `begin`, then records in any order, then `encode`, then `withFrame` for each attempt to write it.
/// Not for two threads at once.
package final class FrameEncoder {
  private let deflater: Deflater
  private(set) var baseSequence: Sequence = 1
  /// Set while messages with gaps between their sequences are gathered: what their times are
  /// differences to.
  private(set) var sparseTimeMs: UInt64?
  private var lastSparse: Sequence = 1
  private var destinationBytes = ByteWriter()
  private var destinationCount = 0
  private var messageBytes = ByteWriter(capacity: 64 << 10)
  package private(set) var messageCount = 0
  private var attempts: [DirectoryAttempt] = []
  private var outcomes: [DirectoryOutcome] = []
  private var controlBytes = ByteWriter()
  private var controlCount = 0
  private var waits: [DirectoryWait] = []
  private var compactionBytes = ByteWriter()
  private var compactionCount = 0
  private var notes: [DirectoryNote] = []
  private var payloads = BlockFiller()
  private var texts = BlockFiller()
  /// What `encode` makes of the two; empty until it is called.
  private var blockBytes = ByteWriter(capacity: 64 << 10)
  private var blockTable = ByteWriter()
  private var scratch = ByteWriter()
  private var directory = ByteWriter(capacity: 64 << 10)
  private var frame = ByteWriter(capacity: 256 << 10)

  /// `level`: of deflate.
  package init(level: Int32 = 1) { deflater = Deflater(level: level) }

  /// Forgets everything and begins a frame whose first message gets `baseSequence`.
  package func begin(baseSequence: Sequence) {
    precondition(baseSequence >= 1)
    self.baseSequence = baseSequence
    destinationBytes.reset()
    destinationCount = 0
    messageBytes.reset()
    messageCount = 0
    attempts.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
    controlBytes.reset()
    controlCount = 0
    sparseTimeMs = nil
    waits.removeAll(keepingCapacity: true)
    compactionBytes.reset()
    compactionCount = 0
    notes.removeAll(keepingCapacity: true)
    payloads.reset()
    texts.reset()
    blockBytes.reset()
    blockTable.reset()
    directory.reset()
    frame.reset()
  }

  /// Begins a frame of a cold segment, which `encode` is to be told the same time for.
  package func beginSparse(baseSequence: Sequence, committedAtMs: UInt64) {
    begin(baseSequence: baseSequence)
    sparseTimeMs = committedAtMs
    lastSparse = baseSequence
  }

  /// Messages and all that happens to them, controls and compactions.
  package var recordCount: Int {
    messageCount + attempts.count + outcomes.count + controlCount + waits.count + compactionCount
  }
  package var isEmpty: Bool { recordCount == 0 && destinationCount == 0 }
  /// Payloads and error texts before compression, in bytes.
  package var rawBytes: Int { payloads.count + texts.count }

  /// What the frame can't be longer than, in bytes, as it stands now.
  package var lengthMax: Int {
    FormatLimits.headSize + 10 * 21 + destinationBytes.count + messageBytes.count
      + attempts.count * 26 + outcomes.count * 40 + controlBytes.count + notes.count * 60
      + waits.count * 40 + compactionBytes.count
      + (payloads.blockCount + texts.blockCount) * 14 + rawBytes
  }

  /// `origin` is cut to 512 bytes; not empty.
  package func define(destination id: UInt32, origin: String) {
    var origin = origin
    origin.withUTF8 { text in
      let length = text.utf8PrefixLength(FormatLimits.destinationMax)
      destinationBytes.append(varint: UInt64(id))
      destinationBytes.append(varint: UInt64(length))
      destinationBytes.append(
        bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[..<length])))
    }
    destinationCount += 1
  }

  /// The message's sequence. The payload is at most `FormatLimits.payloadMax`.
  @discardableResult
  package func append(_ record: NewRecord, destination: UInt32) -> Sequence {
    precondition(record.payload.count <= FormatLimits.payloadMax)
    precondition(blockTable.count == 0, "records are appended before encode")
    precondition(sparseTimeMs == nil)
    MessageCoding.encode(record, destination: destination, into: &messageBytes)
    record.payload.withUnsafeBytes { _ = payloads.append($0) }
    defer { messageCount += 1 }
    return baseSequence + UInt64(messageCount)
  }

  /// A failed attempt. Of two for one message in one frame the higher count is in force.
  package func append(_ attempt: AttemptRecord, previousNote: NotePlace?) {
    attempts.append(
      DirectoryAttempt(
        sequence: attempt.sequence, count: attempt.count, delayMs: attempt.delayMs,
        status: attempt.status))
    note(
      attempt.sequence, attempts: attempt.count, attempt.error,
      previousNote.map { .at($0) } ?? .none)
  }

  package func append(_ outcome: OutcomeRecord, previousNote: NotePlace?) {
    add(outcome)
    note(
      outcome.sequence, attempts: outcome.attempts, outcome.error,
      previousNote.map { .at($0) } ?? .none)
  }

  private func add(_ outcome: OutcomeRecord) {
    outcomes.append(
      DirectoryOutcome(
        sequence: outcome.sequence, kind: outcome.kind, status: outcome.status,
        attempts: outcome.attempts))
  }

  package func append(_ control: ControlRecord) {
    controlBytes.append(varint: UInt64(control.kind))
    controlBytes.append(varint: UInt64(control.bytes.count))
    controlBytes.append(control.bytes)
    controlCount += 1
  }

  /// A message of another segment, in ascending order of their sequences; after `beginSparse`.
  package func append(
    copyOf message: DirectoryMessage, in directory: FrameDirectory, destination: UInt32,
    payload: ArraySlice<UInt8>
  ) {
    guard let time = sparseTimeMs else { preconditionFailure("not a sparse frame") }
    precondition(payload.count == Int(message.payloadLength))
    precondition(messageCount == 0 || message.sequence > lastSparse)
    messageBytes.append(sequence: message.sequence, after: lastSparse)
    messageBytes.append(time: message.acceptedAtMs, after: time)
    MessageCoding.copy(message, of: directory, destination: destination, into: &messageBytes)
    payload.withUnsafeBytes { _ = payloads.append($0) }
    lastSparse = message.sequence
    messageCount += 1
  }

  package func append(_ wait: DirectoryWait, error: String) {
    waits.append(wait)
    note(wait.sequence, attempts: wait.attempts, error, wait.attempts > 1 ? .unknown : .none)
  }

  /// An outcome of another segment, with the last text only.
  package func append(copyOf outcome: OutcomeRecord) {
    add(outcome)
    note(
      outcome.sequence, attempts: outcome.attempts, outcome.error,
      outcome.attempts > 1 ? .unknown : .none)
  }

  /// A dead message without any text: what older files say of attempts before is not its reason.
  package func appendEmptyNote(of outcome: OutcomeRecord) {
    notes.append(
      DirectoryNote(
        sequence: outcome.sequence, attempts: outcome.attempts, block: 0, offsetInBlock: 0,
        length: 0, previous: outcome.attempts > 1 ? .unknown : .none))
  }

  package func append(_ compaction: CompactionRecord) {
    compaction.encode(into: &compactionBytes)
    compactionCount += 1
  }

  private func note(
    _ sequence: Sequence, attempts: UInt32, _ text: String, _ previous: PreviousNote
  ) {
    var text = text
    guard !text.isEmpty else { return }
    let place = text.withUTF8 { bytes in
      let length = bytes.utf8PrefixLength(FormatLimits.noteMax)
      return texts.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<length])))
    }
    notes.append(
      DirectoryNote(
        sequence: sequence, attempts: attempts, block: UInt32(place.block),
        offsetInBlock: UInt32(place.offset), length: UInt32(place.length),
        previous: previous))
  }

  /// Compresses and lays the frame out; returns its length, which stays what it is until the next
  /// `begin`, `define` or `append`. May be called again to log the same records in another segment:
  /// nothing is compressed twice.
  package func encode(
    kind: FrameKind = .data, salt: UInt64, frameNumber: UInt64, committedAtMs: UInt64
  ) -> Int {
    precondition(sparseTimeMs == nil || sparseTimeMs == committedAtMs)
    if blockTable.count == 0 {
      payloads.store(into: &blockBytes, table: &blockTable, deflater)
      texts.store(into: &blockBytes, table: &blockTable, deflater)
    }
    layDirectory()
    let length = FormatLimits.headSize + directory.count + blockBytes.count
    precondition(length <= FormatLimits.frameMax, "a frame of \(length) bytes")
    let head = FrameHead(
      totalLength: UInt32(length), crc: 0, type: kind.rawValue, flags: 0, salt: salt,
      frameNumber: frameNumber, baseSequence: baseSequence, committedAtMs: committedAtMs,
      syncedUpTo: 0, directoryLength: UInt32(directory.count), recordCount: UInt32(recordCount))
    frame.reset()
    head.append(to: &frame)
    frame.append(bytes: directory.bytes)
    frame.append(bytes: blockBytes.bytes)
    return length
  }

  /// Fills `synced-up-to` and the head's CRC in and gives the frame's bytes to `body`.
  package func withFrame<R, E: Error>(
    syncedUpTo: UInt64, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    FrameHead.finish(
      &frame, prefixLength: FormatLimits.headSize + directory.count, syncedUpTo: syncedUpTo)
    return try body(frame.bytes)
  }

  /// The head CRC of the frame as `withFrame` last gave it out: what a successor's header names.
  package var headCRC: UInt32 {
    frame.bytes.littleInteger(at: FrameHead.crcOffset, as: UInt32.self)
  }

  private func layDirectory() {
    directory.reset()
    directory.append(
      section: SectionType.destinations, count: destinationCount, destinationBytes.bytes)
    directory.append(
      section: sparseTimeMs == nil ? SectionType.messages : SectionType.sparseMessages,
      count: messageCount, messageBytes.bytes)
    layWaits()
    layAttempts()
    layOutcomes()
    directory.append(section: SectionType.control, count: controlCount, controlBytes.bytes)
    directory.append(
      section: SectionType.compacted, count: compactionCount, compactionBytes.bytes)
    directory.append(
      section: SectionType.blocks, count: payloads.blockCount + texts.blockCount, blockTable.bytes)
    layNotes()
  }

  private func layWaits() {
    guard !waits.isEmpty, let time = sparseTimeMs else { return }
    scratch.reset()
    var previous = baseSequence
    for wait in waits {
      scratch.append(sequence: wait.sequence, after: previous)
      scratch.append(varint: UInt64(wait.attempts))
      scratch.append(varint: UInt64(wait.status))
      scratch.append(varint: UInt64(wait.delayMs))
      scratch.append(time: wait.dueAtMs, after: time)
      previous = wait.sequence
    }
    directory.append(section: SectionType.waits, count: waits.count, scratch.bytes)
  }

  private func layAttempts() {
    attempts.sort { ($0.sequence, $0.count) < ($1.sequence, $1.count) }
    scratch.reset()
    var previous = baseSequence
    for attempt in attempts {
      scratch.append(sequence: attempt.sequence, after: previous)
      scratch.append(varint: UInt64(attempt.count))
      scratch.append(varint: UInt64(attempt.delayMs))
      scratch.append(varint: UInt64(attempt.status))
      previous = attempt.sequence
    }
    directory.append(section: SectionType.attempts, count: attempts.count, scratch.bytes)
  }

  private func layOutcomes() {
    outcomes.sort {
      ($0.kind.rawValue, $0.status, $0.sequence) < ($1.kind.rawValue, $1.status, $1.sequence)
    }
    scratch.reset()
    var start = 0
    while start < outcomes.count {
      let first = outcomes[start]
      let end =
        outcomes[start...].firstIndex { $0.kind != first.kind || $0.status != first.status }
        ?? outcomes.count
      scratch.append(first.kind.rawValue)
      scratch.append(varint: UInt64(first.status))
      scratch.append(varint: UInt64(end - start))
      var previous = baseSequence
      for outcome in outcomes[start..<end] {
        scratch.append(sequence: outcome.sequence, after: previous)
        scratch.append(varint: UInt64(outcome.attempts))
        previous = outcome.sequence
      }
      start = end
    }
    directory.append(section: SectionType.outcomes, count: outcomes.count, scratch.bytes)
  }

  private func layNotes() {
    scratch.reset()
    var previous = baseSequence
    for var note in notes {
      // The texts' blocks stand behind the payloads'.
      if !note.isEmpty { note.block += UInt32(payloads.blockCount) }
      NoteCoding.encode(note, after: previous, into: &scratch)
      previous = note.sequence
    }
    directory.append(section: SectionType.notes, count: notes.count, scratch.bytes)
  }
}
