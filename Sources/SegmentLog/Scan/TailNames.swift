/// UUIDs and destinations of messages whose attempts and ends are reported: the latest ones from
/// memory, older ones from their segments.
struct TailNames {
  private static let recentMax = 1 << 16

  private struct Name {
    var uuid: String
    var destination: String
  }
  /// Where the frames with messages of one segment begin, and all its destinations.
  private struct Index {
    var segment: SegmentFile
    var frames: [(base: Sequence, offset: UInt64)] = []
    var last: Sequence = 0
    var destinations: [UInt32: String] = [:]

    func covers(_ sequence: Sequence) -> Bool {
      frames.first.map { $0.base <= sequence } ?? false && sequence <= last
    }
  }
  /// Messages that were compacted may stand in any cold segment.
  private static let indicesMax = 16

  private let disk: any Disk
  private var recent: [Sequence: Name] = [:]
  private var order: [Sequence] = []
  private var oldest = 0
  private var indices: [Index] = []

  init(_ disk: any Disk) { self.disk = disk }

  mutating func remember(_ event: LogEvent) {
    remember(event.sequence, Name(uuid: event.uuid, destination: event.destination))
  }

  private mutating func remember(_ sequence: Sequence, _ name: Name) {
    guard recent.updateValue(name, forKey: sequence) == nil else { return }
    if order.count < Self.recentMax {
      order.append(sequence)
    } else {
      recent.removeValue(forKey: order[oldest])
      order[oldest] = sequence
      oldest = (oldest + 1) % Self.recentMax
    }
  }

  /// Leaves them empty when the message's segment is gone.
  mutating func complete(_ event: inout LogEvent) {
    if recent[event.sequence] == nil { load(event.sequence) }
    guard let name = recent[event.sequence] else { return }
    event.uuid = name.uuid
    event.destination = name.destination
  }

  private mutating func load(_ sequence: Sequence) {
    for index in indices where index.covers(sequence) && read(sequence, index) { return }
    guard let chain = try? LogChain.read(disk) else { return }
    let segment = chain.segments.last { $0.header.firstSequence <= sequence }
    for segment in (segment.map { [$0] } ?? []) + chain.colds {
      let known = indices.firstIndex { $0.segment.name == segment.name }
      // Only the last segment grows.
      if let known {
        guard segment.successor == nil, segment.header.kind == .wal else { continue }
        indices.remove(at: known)
      } else if indices.count == Self.indicesMax {
        indices.removeFirst()
      }
      let index = makeIndex(of: segment)
      indices.append(index)
      if index.covers(sequence), read(sequence, index) { return }
    }
  }

  /// Takes all messages of the frame in: their ends often come together. False when the one that is
  /// asked for isn't there.
  private mutating func read(_ sequence: Sequence, _ index: Index) -> Bool {
    guard let place = index.frames.last(where: { $0.base <= sequence }),
      let file = try? disk.open(index.segment.name, .readOnly)
    else { return false }
    defer { file.close() }
    let reader = FrameReader(file: file, salt: index.segment.header.salt)
    guard let frame = try? reader.frame(at: place.offset) else { return false }
    for message in frame.directory.messages {
      remember(
        message.sequence,
        Name(
          uuid: String(decoding: frame.directory.uuid(of: message), as: UTF8.self),
          destination: index.destinations[message.destination] ?? "?"))
    }
    return recent[sequence] != nil
  }

  private func makeIndex(of segment: SegmentFile) -> Index {
    var made = Index(segment: segment)
    var summary = FrameSummary()
    _ = try? SegmentWalk.run(segment, on: disk, depth: .heads) {
      (step, scanner) throws(DiskError) in
      guard case .frame(var frame) = step else { return }
      try summary.read(&frame, scanner)
      if let last = summary.lastSequence {
        made.frames.append((frame.head.baseSequence, frame.offset))
        made.last = last
      }
      guard summary.definesDestinations else { return }
      try scanner.decodeDirectory(of: &frame)
      for definition in scanner.directory.destinations {
        made.destinations[definition.id] = definition.origin
      }
    }
    return made
  }
}
