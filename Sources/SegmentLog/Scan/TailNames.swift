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
    var destinations: [UInt32: String] = [:]
  }

  private let disk: any Disk
  private var recent: [Sequence: Name] = [:]
  private var order: [Sequence] = []
  private var oldest = 0
  private var index: Index?

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

  /// Takes all messages of the frame in: their ends often come together.
  private mutating func load(_ sequence: Sequence) {
    if !covers(sequence) { makeIndex(for: sequence) }
    guard let index, let place = index.frames.last(where: { $0.base <= sequence }),
      let file = try? disk.open(index.segment.name, .readOnly)
    else { return }
    defer { file.close() }
    let reader = FrameReader(file: file, salt: index.segment.header.salt)
    guard let frame = try? reader.frame(at: place.offset) else { return }
    for message in frame.directory.messages {
      remember(
        message.sequence,
        Name(
          uuid: String(decoding: frame.directory.uuid(of: message), as: UTF8.self),
          destination: index.destinations[message.destination] ?? "?"))
    }
  }

  private func covers(_ sequence: Sequence) -> Bool {
    guard let frames = index?.frames, let first = frames.first, let last = frames.last else {
      return false
    }
    return first.base <= sequence && sequence <= last.base
  }

  private mutating func makeIndex(for sequence: Sequence) {
    index = nil
    guard let chain = try? LogChain.read(disk),
      let segment = chain.segments.last(where: { $0.header.firstSequence <= sequence })
    else { return }
    var made = Index(segment: segment)
    var summary = FrameSummary()
    _ = try? SegmentWalk.run(segment, on: disk, depth: .heads) {
      (step, scanner) throws(DiskError) in
      guard case .frame(var frame) = step else { return }
      try summary.read(&frame, scanner)
      if summary.messages > 0 { made.frames.append((frame.head.baseSequence, frame.offset)) }
      guard summary.definesDestinations else { return }
      try scanner.decodeDirectory(of: &frame)
      for definition in scanner.directory.destinations {
        made.destinations[definition.id] = definition.origin
      }
    }
    index = made
  }
}
