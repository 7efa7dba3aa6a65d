import Glibc

/// Everything that a log's files tell of the messages with one UUID, in order. A UUID can have been
/// used more than once; the newest is meant elsewhere.
///
/// A frame tells what happened and when. Where it is gone with its segment, the checkpoints and the
/// dedup files still know what came of the message.
package struct MessageHistory: Sendable {
  /// What is known of a message apart from its events.
  package struct Summary: Sendable, Equatable {
    package var state: MessageState
    package var attempts: UInt32
    package var status: UInt16
    /// Milliseconds since 1970; 0: not known.
    package var acceptedAtMs: UInt64 = 0
    /// The file that says so.
    package var file: String
  }

  package private(set) var events: [LogEvent] = []
  package private(set) var sequences: [Sequence] = []
  /// Events beyond `eventsMax`.
  package private(set) var furtherEvents = 0
  package static let eventsMax = 100_000

  /// By sequence.
  private var summaries: [Sequence: Summary] = [:]

  /// `key`: the UUID's in this store, by which dedup files know it; nil: they are not asked.
  package init(
    of uuid: [UInt8], key: UUIDKey? = nil, in chain: LogChain, on disk: any Disk,
    progress: @escaping PassProgress = { _, _ in }
  ) throws(DiskError) {
    let pass = HistoryPass(uuid: uuid, chain: chain, disk: disk)
    let files = chain.files
    let found = FilePass.run(files) { pass.sequences(in: $0, progress) }
    for entries in FilePass.run(chain.dedups, { pass.entries(of: key, in: $0) }) {
      for (name, entry) in entries { add(entry, of: name) }
    }
    let wanted = Set(found.joined()).union(summaries.keys)
    guard !wanted.isEmpty else { return }
    sequences = wanted.sorted()
    addEnds(chain)
    // What happened to a message that was compacted stands in any of the others.
    let inLog = found[..<chain.segments.count]
    let isCompacted = Set(inLog.joined()) != wanted
    let first = isCompacted ? 0 : inLog.firstIndex { !$0.isEmpty } ?? 0
    for events in FilePass.run(Array(files[first...]), { pass.events(of: wanted, in: $0) }) {
      add(events)
    }
    // Nothing moves within a file: times never fall there. What has none comes last.
    func time(_ index: Int) -> UInt64 { events[index].atMs == 0 ? .max : events[index].atMs }
    let order = events.indices.sorted { (time($0), $0) < (time($1), $1) }
    events = order.map { events[$0] }
  }

  private mutating func add(_ entry: DedupEntry, of file: String) {
    summaries[entry.sequence] = Summary(
      state: .delivered, attempts: entry.attempts, status: entry.status,
      acceptedAtMs: entry.acceptedAtMs, file: file)
  }

  /// Ends whose records were dropped.
  private mutating func addEnds(_ chain: LogChain) {
    guard let checkpoint = chain.checkpoint else { return }
    let wanted = Set(sequences)
    checkpoint.forEachEnd { sequence, state, attempts, status in
      guard wanted.contains(sequence), summaries[sequence] == nil else { return }
      summaries[sequence] = Summary(
        state: state, attempts: attempts, status: status, file: checkpoint.file)
    }
    checkpoint.attempts.forEach { tried in
      guard wanted.contains(tried.sequence) else { return }
      let state = summaries[tried.sequence]?.state ?? .pending
      summaries[tried.sequence] = Summary(
        state: state, attempts: tried.count, status: tried.status, file: checkpoint.file)
    }
  }

  /// Cold segments repeat what stands in the files that they were made of.
  private mutating func add(_ found: [LogEvent]) {
    for event in found {
      let isCopy = event.fileKind == .cold && events.contains { $0.tells(of: event) }
      if isCopy { continue }
      if events.count < Self.eventsMax { events.append(event) } else { furtherEvents += 1 }
    }
  }

  /// The state of one of the messages after all.
  package func state(of sequence: Sequence) -> MessageState {
    var state = summaries[sequence]?.state ?? .pending
    for event in events where event.sequence == sequence {
      if case .ended(let outcome) = event.kind { state = max(state, MessageState(outcome.kind)) }
    }
    return state
  }

  /// What its events don't tell any more: nil when they tell everything.
  package func remainder(of sequence: Sequence) -> Summary? {
    guard let summary = summaries[sequence] else { return nil }
    var isAccepted = false
    var attempts: UInt32 = 0
    var state = MessageState.pending
    for event in events where event.sequence == sequence {
      switch event.kind {
      case .accepted: isAccepted = true
      case .attempt: attempts = max(attempts, event.attempts)
      case .ended(let outcome):
        attempts = max(attempts, event.attempts)
        state = max(state, MessageState(outcome.kind))
      }
    }
    let isTold = isAccepted && attempts >= summary.attempts && state >= summary.state
    return isTold || furtherEvents > 0 ? nil : summary
  }
}

/// The two passes over each file: one that looks for the UUID as bytes, one for what happened to its
/// messages. A file that can't be read tells nothing.
private struct HistoryPass: Sendable {
  let uuid: [UInt8]
  let chain: LogChain
  let disk: any Disk

  func sequences(in segment: SegmentFile, _ progress: PassProgress) -> [Sequence] {
    let needle = PackedUUID(uuid)?.bytes ?? uuid
    guard !needle.isEmpty else { return [] }
    let total = chain.fileBytes
    var found: [Sequence] = []
    _ = try? SegmentWalk.run(
      segment, on: disk, depth: .heads, progress: { progress($0, total) }
    ) { (step, scanner) throws(DiskError) in
      guard case .frame(var frame) = step,
        try scanner.withPrefix({ $0.contains(needle) })
      else { return }
      try scanner.decodeDirectory(of: &frame)
      let directory = scanner.directory
      for message in directory.messages where directory.hasUUID(message, uuid) {
        found.append(message.sequence)
      }
    }
    return found
  }

  /// What a dedup file remembers of the UUID; a page that can't be read remembers nothing.
  func entries(of key: UUIDKey?, in listing: DedupListing) -> [(file: String, DedupEntry)] {
    guard let key,
      let file = try? DedupFile(
        id: listing.header.id, store: listing.header.store, on: disk)
    else { return [] }
    var found: [(file: String, DedupEntry)] = []
    _ = try? file.forEach { entry in
      if entry.key == key { found.append((listing.name, entry)) }
    }
    return found
  }

  func events(of sequences: Set<Sequence>, in segment: SegmentFile) -> [LogEvent] {
    var events: [LogEvent] = []
    var destinations: [UInt32: String] = [:]
    var summary = FrameSummary()
    var notes = NoteReader(chain, on: disk)
    defer { notes.close() }
    _ = try? SegmentWalk.run(segment, on: disk, depth: .heads) {
      (step, scanner) throws(DiskError) in
      guard case .frame(var frame) = step else { return }
      try summary.read(&frame, scanner)
      let base = frame.head.baseSequence
      let isMeant =
        summary.definesDestinations
        || sequences.contains {
          summary.sparse.isEmpty && $0 >= base && $0 - base < UInt64(summary.messages)
        }
        || summary.sparse.contains { sequences.contains($0) }
        || summary.waits.contains { sequences.contains($0.sequence) }
        || summary.attempts.contains { sequences.contains($0.sequence) }
        || summary.outcomes.contains { sequences.contains($0.sequence) }
      guard isMeant else { return }
      try scanner.decodeDirectory(of: &frame)
      let place = NotePlace(
        kind: segment.header.kind, segment: segment.id, frameOffset: frame.offset)
      LogEvent.forEach(in: scanner.directory, frame.head, place, &destinations) { event in
        guard sequences.contains(event.sequence) else { return }
        var event = event
        event.error = event.hasNote ? notes.text(of: event) : ""
        events.append(event)
      }
    }
    return events
  }
}

extension PackedUUID {
  fileprivate init?(_ ascii: [UInt8]) {
    guard let packed = ascii.withBytes({ PackedUUID(ascii: $0) }) else { return nil }
    self = packed
  }

  /// As they stand in a directory.
  fileprivate var bytes: [UInt8] {
    [high, low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - $0 * 8)) }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// `memmem` is an extension that Glibc's module does not show.
  fileprivate func contains(_ needle: [UInt8]) -> Bool {
    guard let base = baseAddress, let first = needle.first else { return false }
    return needle.withBytes { needle in
      var index = 0
      while index + needle.count <= count {
        guard let hit = memchr(base + index, Int32(first), count - needle.count + 1 - index) else {
          return false
        }
        index = UnsafeRawPointer(hit) - base
        if memcmp(base + index, needle.baseAddress!, needle.count) == 0 { return true }
        index += 1
      }
      return false
    }
  }
}
