/// A message and what became of it, as far as the log's directories tell.
package struct MessageRecord: Sendable, Equatable {
  package var sequence: Sequence
  package var uuid: String
  package var destination: String
  package var file: String
  package var segment: UInt64
  package var frameOffset: UInt64
  /// Milliseconds since 1970.
  package var acceptedAtMs: UInt64
  package var start: RecordStart
  package var maxAgeMs: UInt64?
  package var maxAttempts: UInt32?
  package var payloadBytes: UInt32
  package var state: MessageState
  package var attempts: UInt32
  package var lastStatus: UInt16
  package var lastError: String
}

/// Goes through all messages of a log in order. A message's end stands behind it, so a window of
/// messages is looked up at a time: memory is bounded whatever the log's size, at the price of one
/// more pass over the directories per window.
package struct LogRecords {
  private let chain: LogChain
  private let disk: any Disk
  private let filter: MessageFilter
  private let windowBytes: Int
  private let progress: PassProgress

  package init(
    _ chain: LogChain, on disk: any Disk, _ filter: MessageFilter = MessageFilter(),
    windowBytes: Int? = nil, progress: @escaping PassProgress = { _, _ in }
  ) {
    self.chain = chain
    self.disk = disk
    self.filter = filter
    self.windowBytes = windowBytes ?? MessageDetails.bytesMaxDefault
    self.progress = progress
  }

  /// `format` is called from several threads, `write` with what it made, in the order of the
  /// messages; false from `write` ends it. What could not be read is stepped over: the failures
  /// are the answer.
  package func forEach(
    _ format: @escaping @Sendable (MessageRecord, inout [UInt8]) -> Void,
    write: ([UInt8]) -> Bool
  ) -> [DiskError] {
    var from: Sequence = 1
    var goesOn = true
    var failures: [DiskError] = []
    while goesOn && from < .max {
      let details = DetailPass(chain: chain, disk: disk).run(from: from, windowBytes)
      let (chain, disk, filter) = (chain, disk, filter)
      let upper = details.window.upper
      failures += OrderedMessages(chain, on: disk, includesBodies: false).run(
        in: from..<upper, progress: progress,
        { batch, out in
          var notes = NoteReader(chain, on: disk)
          defer { notes.close() }
          batch.forEachFrame { frame in
            for message in frame.messages where filter.admits(message, frame) {
              let detail = details[message.sequence]
              guard filter.admits(detail.state),
                !detail.state.isLive || !chain.isForgotten(message.sequence)
              else { continue }
              format(record(of: message, frame, detail, chain, &notes), &out)
            }
          }
        },
        write: { bytes in
          goesOn = write(bytes)
          return goesOn
        })
      from = upper
    }
    return failures
  }
}

private func record(
  of message: DirectoryMessage, _ frame: BatchFrame, _ detail: MessageDetail, _ chain: LogChain,
  _ notes: inout NoteReader
) -> MessageRecord {
  var error: String?
  if detail.noteSegment > 0 {
    let file = chain.files[Int(detail.noteSegment - 1)]
    let place = NotePlace(
      kind: file.header.kind, segment: file.id, frameOffset: detail.noteOffset)
    error = notes.text(message.sequence, attempts: detail.attempts, at: place)
  }
  return MessageRecord(
    sequence: message.sequence,
    uuid: String(decoding: frame.directory.uuid(of: message), as: UTF8.self),
    destination: frame.destination(of: message), file: frame.segment.name,
    segment: frame.segment.id,
    frameOffset: frame.offset, acceptedAtMs: message.acceptedAtMs, start: message.start,
    maxAgeMs: message.maxAgeMs, maxAttempts: message.maxAttempts,
    payloadBytes: message.payloadLength, state: detail.state, attempts: detail.attempts,
    lastStatus: detail.status, lastError: error ?? "")
}
