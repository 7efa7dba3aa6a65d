import Synchronization

/// When the messages of a stretch were accepted, in milliseconds since 1970; 0 = not known. Several
/// threads fill it. A `Mutex`: held for one frame's messages at a time.
final class SharedTimes: Sendable {
  private let window: Mutex<SequenceWindow<UInt64>>

  init(from: Sequence, bytesMax: Int) {
    window = Mutex(SequenceWindow<UInt64>(from: from, empty: 0, bytesMax: bytesMax))
  }

  func accept(first: Sequence, count: Int, atMs: UInt64) {
    window.withLock { $0.update(first: first, count: count) { $0 = atMs } }
  }

  func take() -> SequenceWindow<UInt64> {
    window.withLock { window in
      var taken = SequenceWindow<UInt64>(from: 1, empty: 0, bytesMax: 0)
      swap(&taken, &window)
      return taken
    }
  }
}

/// The two passes behind the statistics of one window: acceptances first, then ends, since files are
/// read side by side.
struct StatsPass: Sendable {
  struct Counted: Sendable {
    var digest = FileDigest()
    var destinations: [String: TopCounter.Entry] = [:]
  }
  struct Latencies: Sendable {
    var delivered = Histogram()
    var dead = Histogram()
    var cancelled = Histogram()

    mutating func add(_ kind: OutcomeKind, _ ms: UInt64) {
      switch kind {
      case .delivered: delivered.add(ms)
      case .dead: dead.add(ms)
      case .cancelled: cancelled.add(ms)
      }
    }

    mutating func add(_ other: Latencies) {
      delivered.add(other.delivered)
      dead.add(other.dead)
      cancelled.add(other.cancelled)
    }
  }

  let chain: LogChain
  let disk: any Disk

  /// All that is counted comes with the first pass; further ones fill the times alone.
  func count(
    into times: SharedTimes, isFirst: Bool, _ progress: @escaping PassProgress
  ) -> [Counted] {
    let total = chain.fileBytes
    return FilePass.run(chain.files) { segment in
      var counted = Counted()
      var names = DestinationCounts()
      var summary = FrameSummary()
      _ = try? SegmentWalk.run(
        segment, on: disk, depth: isFirst ? .directories : .heads,
        progress: { if isFirst { progress($0, total) } }
      ) { (step, scanner) throws(DiskError) in
        guard case .frame(var frame) = step else { return }
        try summary.read(&frame, scanner)
        counted.digest.add(frame, summary)
        if segment.header.kind == .wal {
          times.accept(
            first: frame.head.baseSequence, count: summary.messages,
            atMs: frame.head.committedAtMs)
        } else {
          for message in scanner.directory.messages {
            times.accept(first: message.sequence, count: 1, atMs: message.acceptedAtMs)
          }
        }
        if isFirst { names.add(scanner.directory) }
      }
      counted.destinations = names.byName()
      return counted
    }
  }

  func latencies(_ window: SequenceWindow<UInt64>) -> Latencies {
    // What compactions copied has lost its time.
    let parts = FilePass.run(chain.segments) { segment in
      var part = Latencies()
      var summary = FrameSummary()
      _ = try? SegmentWalk.run(segment, on: disk, depth: .heads) {
        (step, scanner) throws(DiskError) in
        guard case .frame(var frame) = step else { return }
        try summary.read(&frame, scanner)
        for outcome in summary.outcomes {
          let acceptedAtMs = window[outcome.sequence]
          guard acceptedAtMs > 0 else { continue }
          let endedAtMs = frame.head.committedAtMs
          part.add(outcome.kind, endedAtMs > acceptedAtMs ? endedAtMs - acceptedAtMs : 0)
        }
      }
      return part
    }
    return parts.reduce(into: Latencies()) { $0.add($1) }
  }
}

/// Counts by the numbers that destinations have in one segment.
private struct DestinationCounts {
  private var names: [UInt32: String] = [:]
  private var entries: [UInt32: TopCounter.Entry] = [:]

  mutating func add(_ directory: FrameDirectory) {
    for definition in directory.destinations { names[definition.id] = definition.origin }
    // Neighbours often go to the same destination.
    var last: UInt32?
    var entry = TopCounter.Entry()
    for message in directory.messages {
      if message.destination != last {
        if let last { add(last, entry) }
        last = message.destination
        entry = TopCounter.Entry()
      }
      entry.messages += 1
      entry.payloadBytes += UInt64(message.payloadLength)
    }
    if let last { add(last, entry) }
  }

  private mutating func add(_ number: UInt32, _ entry: TopCounter.Entry) {
    entries[number, default: TopCounter.Entry()].add(entry)
  }

  func byName() -> [String: TopCounter.Entry] {
    entries.reduce(into: [:]) { named, item in
      named[names[item.key] ?? "?", default: TopCounter.Entry()].add(item.value)
    }
  }
}
