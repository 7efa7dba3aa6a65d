import Glibc

/// Writes a cold segment, message by message in ascending order, under a temporary name. Nothing is
/// synced here.
///
/// Frames are as large as the log's own, their blocks are deflated at level 6: they are written once
/// and stay.
final class ColdWriter {
  let file: any DiskFile
  private let header: SegmentHeader
  private let pacer: any CompactionPacer
  private let messages = FrameEncoder(level: 6)
  private let states = FrameEncoder(level: 6)
  private var defined: Set<UInt32> = []
  private var offset = FormatLimits.firstFrameOffset
  private var frameNumber: UInt64 = 1
  private var committedAtMs: UInt64 = 0
  /// Behind the last message that was taken.
  private var next: Sequence = 1
  private(set) var count: UInt64 = 0

  /// So many states are a frame of their own.
  private static let statesMax = 8192

  init(
    on disk: any Disk, name: String, header: SegmentHeader, pacer: any CompactionPacer
  ) throws(CompactionError) {
    self.header = header
    self.pacer = pacer
    do throws(DiskError) { file = try Self.create(name, on: disk) } catch { throw .output(error) }
    beginStates()
  }

  /// What an earlier try could not delete is in the way.
  static func create(_ name: String, on disk: any Disk) throws(DiskError) -> any DiskFile {
    do throws(DiskError) { return try disk.open(name, .createNew) } catch {
      guard error.code == EEXIST else { throw error }
      try disk.unlink(name)
      return try disk.open(name, .createNew)
    }
  }

  /// The next message. Sequences only grow.
  func append(
    _ message: DirectoryMessage, in directory: FrameDirectory, destination: UInt32,
    origin: String, payload: ArraySlice<UInt8>
  ) throws(CompactionError) {
    if messages.messageCount >= FrameLimits.messages
      || messages.rawBytes + payload.count > FrameLimits.rawBytes
    {
      try flushMessages()
    }
    if messages.messageCount == 0 {
      committedAtMs = max(committedAtMs, message.acceptedAtMs)
      messages.beginSparse(baseSequence: message.sequence, committedAtMs: committedAtMs)
    }
    if defined.insert(destination).inserted {
      messages.define(destination: destination, origin: origin)
    }
    messages.append(
      copyOf: message, in: directory, destination: destination, payload: payload)
    next = message.sequence + 1
    count += 1
  }

  func append(_ wait: DirectoryWait, error: String) throws(CompactionError) {
    states.append(wait, error: error)
    if states.recordCount >= Self.statesMax || states.rawBytes > FrameLimits.rawBytes {
      try flushStates()
    }
  }

  /// `isTextless`: a dead message has no text at all, not even one that stands elsewhere.
  func append(
    _ outcome: OutcomeRecord, isTextless: Bool = false
  ) throws(CompactionError) {
    states.append(copyOf: outcome)
    if isTextless { states.appendEmptyNote(of: outcome) }
    if states.recordCount >= Self.statesMax || states.rawBytes > FrameLimits.rawBytes {
      try flushStates()
    }
  }

  /// The last frames, and the header, without which all of it is nothing.
  func finish(_ record: CompactionRecord) throws(CompactionError) {
    states.append(record)
    try flushStates()
    states.begin(baseSequence: next)
    try write(states, kind: .footer)
    do throws(DiskError) {
      try Recovery.write(header.encodedArea(), to: file, at: 0)
    } catch {
      throw .output(error)
    }
  }

  private func flushMessages() throws(CompactionError) {
    guard messages.messageCount > 0 else { return }
    try write(messages)
    messages.begin(baseSequence: next)
  }

  /// Behind the messages that were taken, so that nobody who hops from frame to frame passes one.
  private func flushStates() throws(CompactionError) {
    try flushMessages()
    try write(states)
    beginStates()
  }

  private func beginStates() {
    states.beginSparse(baseSequence: next, committedAtMs: committedAtMs)
  }

  private func write(
    _ encoder: FrameEncoder, kind: FrameKind = .data
  ) throws(CompactionError) {
    let length = encoder.encode(
      kind: kind, salt: header.salt, frameNumber: frameNumber,
      committedAtMs: encoder.sparseTimeMs ?? committedAtMs)
    let offset = self.offset
    do throws(DiskError) {
      // Nothing but the footer proves anything here: all is synced at once.
      let written = try encoder.withFrame(syncedUpTo: FormatLimits.firstFrameOffset) {
        (bytes) throws(DiskError) in try file.write(bytes, at: offset)
      }
      guard written == length else {
        throw DiskError(operation: .write, file: file.name, code: DiskError.shortWrite)
      }
    } catch {
      throw .output(error)
    }
    self.offset += UInt64(length)
    frameNumber += 1
    guard pacer.passed(bytes: length) else { throw .cancelled }
  }
}
