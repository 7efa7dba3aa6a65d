@testable import SegmentLog

/// Checkpoints for tests: built from their parts, written to a disk and read back.
enum SampleCheckpoint {
  static let store = StoreUUID(high: 77, low: 88)

  /// Random, and free of contradictions.
  static func random(
    seed: UInt64, segments: Int, messagesMax: Int, hasCold: Bool = false
  ) -> Checkpoint {
    var random = SplitMix64(seed: seed)
    func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let origins = (0..<int(1...20)).map { "http://host-\($0):80" }
    var attempts = AttemptTable()
    var counters = LogCounters()
    var states: [SegmentState] = []
    var sequence: Sequence = 1
    for number in 0..<segments {
      let header = SegmentHeader(
        id: UInt64(number * 2 + 1), firstSequence: sequence, createdMs: random.next() >> 20,
        store: store, salt: random.next(), firstFrameNumber: 1, totals: Totals(),
        predecessor: nil)
      var segment = SegmentState(header: header)
      let used = int(1...min(origins.count, [1, 3, 20][int(0...2)]))
      for place in 0..<used { segment.define(UInt32(place), id: UInt32(place)) }
      segment.end = 8192 + UInt64(int(0...1_000_000))
      segment.fileBytes = segment.end
      segment.frames = UInt64(int(0...100))
      segment.rawBytes = random.next() >> 30
      let count = int(0...messagesMax)
      for _ in 0..<count {
        if int(0...9) == 0 {
          segment.appendLost(1)
        } else {
          segment.append(place: UInt32(int(0...(used - 1))))
        }
        segment.mark(offset: 8192 + (sequence - segment.first) * 900, sequence: sequence)
        counters.totals.accepted += 1
        if segment.isLive(sequence) {
          change(sequence, &segment, &attempts, &counters, int)
        }
        sequence += 1
      }
      segment.end = max(segment.end, 8192 + UInt64(count) * 900)
      segment.fileBytes = segment.end
      if count > 0 { segment.sawFrame(committedAtMs: UInt64(int(1...1_000_000_000))) }
      if int(0...5) == 0 { segment.damage = "a bit was flipped" }
      if number < segments - 1 { segment.close() }
      states.append(segment)
    }
    counters.nextSequence = sequence
    counters.lastCommittedAtMs = 1_700_000_000_000
    counters.dedupFloor = 1
    let last = states[states.count - 1]
    var checkpoint = Checkpoint(
      store: store, number: UInt64(int(1...1000)), createdMs: 1_700_000_000_000,
      position: LogPosition(
        segment: last.id, offset: last.end, frameOffset: 0, frameCRC: 5, nextFrameNumber: 77),
      counters: counters)
    checkpoint.segments = states
    if hasCold { addCold(to: &checkpoint, int) }
    checkpoint.attempts = attempts
    checkpoint.destinations = origins.enumerated().map {
      DestinationDefinition(id: UInt32($0), origin: $1)
    }
    checkpoint.damage = [
      Damage(file: last.file, offset: 8200, reason: "a bit was flipped", lost: 3...4),
      Damage(file: last.file, offset: nil, reason: "", lost: nil),
    ]
    return checkpoint
  }

  /// Cold segments with messages from before, and dedup files.
  private static func addCold(to checkpoint: inout Checkpoint, _ int: (ClosedRange<Int>) -> Int) {
    let next = checkpoint.counters.nextSequence
    for id in 0..<UInt64(int(0...3)) where next > 1 {
      var header = SegmentHeader(
        id: id * 2 + 1, firstSequence: 1, createdMs: 5, store: store, salt: id + 9,
        firstFrameNumber: 1, totals: Totals(), predecessor: nil)
      header.kind = .cold
      var segment = SegmentState(header: header)
      segment.define(0, id: 0)
      for sequence in 1..<next where int(0...4) == 0 {
        segment.append(sparse: sequence, place: 0)
        checkpoint.counters.totals.accepted += 1
      }
      if int(0...1) == 0, segment.count > 0 {
        segment.park(segment.first)
        checkpoint.counters.totals.dead += 1
      }
      segment.end = 9000
      segment.close()
      checkpoint.cold.append(segment)
    }
    // Room for those that stand in cold segments only.
    checkpoint.counters.nextSequence += checkpoint.counters.totals.accepted
    checkpoint.counters.nextCold = 10
    checkpoint.counters.nextDedup = 4
    guard next > 1 else { return }
    checkpoint.dedups = (1...UInt64(int(1...3))).map { id in
      DedupHeader(
        id: id, store: store, createdMs: 7, count: 1, pages: 1, firstSequence: 1,
        lastSequence: next - 1, firstAcceptedMs: id, lastAcceptedMs: 1_700_000_000_000)
    }
  }

  private static func change(
    _ sequence: Sequence, _ segment: inout SegmentState, _ attempts: inout AttemptTable,
    _ counters: inout LogCounters, _ int: (ClosedRange<Int>) -> Int
  ) {
    switch int(0...3) {
    case 0:
      segment.end(
        sequence,
        EndingKind(
          kind: int(0...9) == 0 ? .cancelled : .delivered, status: UInt16(int(200...204)),
          attempts: UInt32(int(1...3))))
      if segment.ending(of: sequence)?.kind == .cancelled {
        counters.totals.cancelled += 1
      } else {
        counters.totals.delivered += 1
      }
    case 1:
      if int(0...3) == 0 {
        segment.park(sequence)
        counters.totals.dead += 1
      }
      var state = AttemptState(sequence: sequence)
      state.count = UInt32(int(1...99))
      state.status = 503
      state.delayMs = UInt32(int(0...100_000))
      state.dueAtMs = UInt64(1_700_000_000_000 + int(-50_000...50_000))
      if int(0...1) == 0 {
        state.note = NotePlace(segment: segment.id, frameOffset: 8192 + UInt64(int(0...9999)))
      }
      attempts[sequence] = state
    default: break
    }
  }

  static func write(_ checkpoint: Checkpoint, to disk: SimDisk) throws -> String {
    let name = FileNames.checkpoint(checkpoint.number)
    let file = try disk.open(name, .createNew)
    var encoder = CheckpointEncoder(file: file)
    try encoder.encode(checkpoint)
    try file.sync()
    file.close()
    return name
  }

  /// Everything that is in it, as text.
  static func dump(_ checkpoint: Checkpoint) -> String {
    var out =
      "\(checkpoint.store) \(checkpoint.number) \(checkpoint.createdMs) \(checkpoint.position) "
      + "\(checkpoint.counters)\n\(checkpoint.destinations)\n\(checkpoint.damage)\n"
    out += "\(checkpoint.dedups)\n"
    for segment in checkpoint.segments + checkpoint.cold {
      out += "\(segment.kind) \(segment.id) \(segment.salt) \(segment.createdMs) \(segment.end) "
      out += "\(segment.fileBytes) \(segment.frames) \(segment.records) \(segment.messages) "
      out += "\(segment.rawBytes) \(String(describing: segment.firstAtMs)) "
      out += "\(String(describing: segment.lastAtMs)) \(String(describing: segment.damage)) "
      out += "\(segment.first) \(segment.count) \(segment.liveCount) \(segment.parkedCount)\n"
      out += "\(segment.destinations) \(segment.marks) "
      out += "\(segment.defined.sorted { $0.key < $1.key })\n"
      for sequence in (0..<segment.count).map({ segment.sequence(at: $0) }) {
        out += "\(String(describing: segment.state(of: sequence))) "
        out += "\(String(describing: segment.ending(of: sequence))) "
        if segment.isLive(sequence) { out += "\(segment.destination(of: sequence)) " }
      }
    }
    var attempts: [AttemptState] = []
    checkpoint.attempts.forEach { attempts.append($0) }
    for attempt in attempts.sorted(by: { $0.sequence < $1.sequence }) { out += "\n\(attempt)" }
    return out
  }
}
