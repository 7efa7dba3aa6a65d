/// Writes a checkpoint's content. It takes the content apart as it goes, so that the writer's thread
/// soon has its tables to itself again and needs to copy none of them.
struct CheckpointEncoder {
  private let out: ChunkWriter
  /// Files that hold the last error text of a live message.
  private(set) var noted: Set<LogFile> = []
  /// Of the attempt before in the same chunk.
  private var lastSequence: Sequence = 0

  init(file: any DiskFile) { out = ChunkWriter(file: file) }

  var bytes: UInt64 { out.offset }

  mutating func encode(_ content: consuming Checkpoint) throws(DiskError) {
    out.write(
      header: CheckpointHeader(
        number: content.number, store: content.store, createdMs: content.createdMs))
    try encode(summary: content)
    try encode(content.destinations)
    try out.begin(CheckpointFormat.Section.segments)
    content.segments.reverse()
    while let segment = content.segments.popLast() {
      try SegmentImage.encode(segment, to: out)
    }
    try out.begin(CheckpointFormat.Section.attempts)
    let createdMs = content.createdMs
    for part in 0..<AttemptTable.partCount {
      try encode(content.attempts.take(part: part), createdMs: createdMs)
    }
    try encode(content.damage)
    try out.begin(CheckpointFormat.Section.cold)
    content.cold.reverse()
    while let segment = content.cold.popLast() {
      try SegmentImage.encode(segment, to: out)
    }
    try encode(content.dedups)
    try out.finish()
  }

  private func encode(summary content: borrowing Checkpoint) throws(DiskError) {
    let position = content.position
    let counters = content.counters
    try out.begin(CheckpointFormat.Section.summary)
    try out.entry(size: 128) { bytes in
      bytes.append(little: position.segment)
      bytes.append(little: position.offset)
      bytes.append(little: position.frameOffset)
      bytes.append(little: position.nextFrameNumber)
      bytes.append(little: position.frameCRC)
      bytes.append(little: counters.nextSequence)
      bytes.append(little: counters.lastCommittedAtMs)
      bytes.append(little: counters.dedupFloor)
      bytes.append(little: counters.lostOutside)
      bytes.append(little: counters.totals.accepted)
      bytes.append(little: counters.totals.delivered)
      bytes.append(little: counters.totals.dead)
      bytes.append(little: counters.totals.cancelled)
      bytes.append(little: counters.nextCold)
      bytes.append(little: counters.nextDedup)
    }
  }

  private func encode(_ destinations: [DestinationDefinition]) throws(DiskError) {
    try out.begin(CheckpointFormat.Section.destinations)
    for destination in destinations {
      let origin = Array(destination.origin.utf8)
      try out.entry(size: origin.count + 20) { bytes in
        bytes.append(varint: UInt64(destination.id))
        bytes.append(varint: UInt64(origin.count))
        bytes.append(origin)
      }
    }
  }

  private mutating func encode(
    _ attempts: [AttemptState], createdMs: UInt64
  ) throws(DiskError) {
    let size = 64
    for attempt in attempts {
      if out.startsChunk(size: size) { lastSequence = 0 }
      let previous = lastSequence
      let note = attempt.note
      if let note { noted.insert(note.file) }
      try out.entry(size: size) { bytes in
        bytes.append(zigzag: Int64(bitPattern: attempt.sequence &- previous))
        bytes.append(varint: UInt64(attempt.count))
        bytes.append(varint: UInt64(attempt.status))
        bytes.append(varint: UInt64(attempt.delayMs))
        bytes.append(zigzag: Int64(bitPattern: attempt.dueAtMs &- createdMs))
        bytes.append(varint: note.map { NoteCoding.number(of: $0) + 1 } ?? 0)
        if let note { bytes.append(varint: note.frameOffset) }
      }
      lastSequence = attempt.sequence
    }
  }

  private func encode(_ dedups: [DedupHeader]) throws(DiskError) {
    try out.begin(CheckpointFormat.Section.dedup)
    for dedup in dedups {
      try out.entry(size: 80) { bytes in
        bytes.append(varint: dedup.id)
        bytes.append(varint: dedup.createdMs)
        bytes.append(varint: dedup.count)
        bytes.append(varint: dedup.pages)
        bytes.append(varint: dedup.firstSequence)
        bytes.append(varint: dedup.lastSequence - dedup.firstSequence)
        bytes.append(varint: dedup.firstAcceptedMs)
        bytes.append(varint: dedup.lastAcceptedMs &- dedup.firstAcceptedMs)
      }
    }
  }

  private func encode(_ damage: [Damage]) throws(DiskError) {
    try out.begin(CheckpointFormat.Section.damage)
    for damage in damage {
      try out.entry(size: DamageCoding.sizeMax) { DamageCoding.encode(damage, into: &$0) }
    }
  }
}
