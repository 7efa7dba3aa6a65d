/// Reads what plans and locations point to, with descriptors of its own. For one thread at a time.
package final class LogReader {
  private static let openMax = 8

  private let disk: any Disk
  /// Least recently used first.
  private var segments: [OpenSegment] = []
  /// Files in which something could not be read.
  private var suspects: Set<String> = []

  package init(disk: any Disk) { self.disk = disk }

  deinit { for segment in segments { segment.file.close() } }

  /// Closes the files of segments that were dropped, so that their space comes back.
  package func release(_ names: [String]) {
    for segment in segments where names.contains(segment.name) { segment.file.close() }
    segments.removeAll { names.contains($0.name) }
  }

  var hasSuspects: Bool { !suspects.isEmpty }

  /// The files in which something could not be read since the last call: whoever owns the log has
  /// them verified. Some may be gone by now.
  package func takeSuspects() -> [String] {
    guard !suspects.isEmpty else { return [] }
    defer { suspects = [] }
    return suspects.sorted()
  }

  /// Completes a page; entries that can't be read any more are left out.
  package func entries(of plan: WalkPlan) -> [WalkEntry] {
    plan.entries.compactMap { planned in
      guard let frame = frame(holding: planned.location),
        let message = frame.directory.message(planned.location.sequence)
      else { return nil }
      return WalkEntry(
        sequence: message.sequence, acceptedAtMs: message.acceptedAtMs, start: message.start,
        maxAgeMs: message.maxAgeMs, maxAttempts: message.maxAttempts, attempts: planned.attempts,
        lastStatus: planned.lastStatus, retry: planned.retry)
    }
  }

  /// The payloads, nil where they can't be read any more. Neighbours are best asked for together
  /// and in ascending order: a block is read and inflated once.
  package func payloads(at locations: [Location?]) -> [[UInt8]?] {
    var result: [[UInt8]?] = []
    result.reserveCapacity(locations.count)
    var index = 0
    while index < locations.count {
      guard let location = locations[index], let frame = frame(holding: location),
        let segment = open(location)
      else {
        result.append(nil)
        index += 1
        continue
      }
      var sequences: [Sequence] = []
      while index < locations.count, let next = locations[index],
        next.file == location.file, frame.directory.message(next.sequence) != nil
      {
        sequences.append(next.sequence)
        index += 1
      }
      let payloads = segment.payloads(sequences, of: frame)
      if payloads.contains(nil) { suspects.insert(location.file) }
      result += payloads
    }
    return result
  }

  /// The text of a note; nil when it can't be read.
  package func note(at location: NoteLocation) -> String? {
    guard let segment = open(location.file, location.salt) else { return nil }
    do throws(FrameError) {
      let frame = try segment.reader.frame(at: location.frameOffset)
      guard let note = frame.directory.note(location.sequence) else { return nil }
      return try segment.reader.text(note, of: frame)
    } catch {
      suspects.insert(location.file)
      return nil
    }
  }

  /// Head and directory of the frame in which a message stands.
  func frame(holding location: Location) -> FrameReader.Frame? {
    guard let segment = open(location) else { return nil }
    let frame = segment.frame(holding: location)
    if segment.hasTrouble { suspects.insert(location.file) }
    segment.hasTrouble = false
    return frame
  }

  private func open(_ location: Location) -> OpenSegment? { open(location.file, location.salt) }

  private func open(_ name: String, _ salt: UInt64) -> OpenSegment? {
    if let index = segments.lastIndex(where: { $0.name == name && $0.salt == salt }) {
      if index != segments.count - 1 { segments.append(segments.remove(at: index)) }
      return segments[segments.count - 1]
    }
    guard let file = try? disk.open(name, .readOnly) else {
      suspects.insert(name)
      return nil
    }
    if segments.count == Self.openMax { segments.removeFirst().file.close() }
    let segment = OpenSegment(name: name, salt: salt, file: file)
    segments.append(segment)
    return segment
  }
}

/// A segment file with its last frame, and the heads around the last place that was looked at.
private final class OpenSegment {
  private static let windowSize = 16 << 10

  let name: String
  let salt: UInt64
  let file: any DiskFile
  let reader: FrameReader
  private var last: FrameReader.Frame?
  private var window: [UInt8] = []
  private var windowOffset: UInt64 = 0
  /// Something that should stand there can't be read.
  var hasTrouble = false

  init(name: String, salt: UInt64, file: any DiskFile) {
    self.name = name
    self.salt = salt
    self.file = file
    reader = FrameReader(file: file, salt: salt)
  }

  func frame(holding location: Location) -> FrameReader.Frame? {
    let sequence = location.sequence
    if let last, last.directory.message(sequence) != nil { return last }
    for offset in offsets(before: location).suffix(Self.triesMax).reversed() {
      guard let frame = try? reader.frame(at: offset),
        frame.directory.message(sequence) != nil
      else { continue }
      last = frame
      return frame
    }
    hasTrouble = true
    return search(for: location)
  }

  /// The hops led nowhere: from here on only what has the right checksum is believed, and behind what
  /// hasn't the next frame is looked for, as a start does.
  private func search(for location: Location) -> FrameReader.Frame? {
    let header = SegmentHeader(
      id: max(location.segment, 1), firstSequence: 1, createdMs: 0,
      store: StoreUUID(high: 0, low: 0), salt: salt, firstFrameNumber: 0, totals: Totals(),
      predecessor: nil)
    guard
      let scanner = try? SegmentScanner(
        file: FileWithHoles(file), header: header, cut: location.end, depth: .directories,
        start: (location.offset, 0))
    else { return nil }
    while let step = try? scanner.next() {
      switch step {
      case .invalid: continue
      case .end: return nil
      case .frame(let frame):
        if frame.head.baseSequence > location.sequence { return nil }
        guard scanner.directory.message(location.sequence) != nil else { continue }
        last = FrameReader.Frame(
          offset: frame.offset, head: frame.head, directory: scanner.directory)
        return last
      }
    }
    return nil
  }

  /// The right one is the last one as a rule; a damaged head behind it may claim anything.
  private static let triesMax = 8

  /// Each payload by itself where the frame's blocks can't all be read.
  func payloads(_ sequences: [Sequence], of frame: FrameReader.Frame) -> [[UInt8]?] {
    if let all = try? reader.payloads(sequences, of: frame) { return all }
    return sequences.map { (try? reader.payload($0, of: frame)) ?? nil }
  }

  /// Hops from head to head: the frame that holds the sequence is the last one whose base isn't
  /// beyond it.
  private func offsets(before location: Location) -> [UInt64] {
    var offset = location.offset
    if let last, let end = last.directory.messages.last, end.sequence < location.sequence {
      offset = max(offset, last.offset + UInt64(last.head.totalLength))
    }
    var found: [UInt64] = []
    while offset < location.end, location.end - offset >= UInt64(FrameHead.size),
      let head = head(at: offset, end: location.end), head.baseSequence <= location.sequence
    {
      found.append(offset)
      offset += UInt64(head.totalLength)
    }
    return found
  }

  /// Not verified: its checksum covers the directory. What is found by it is.
  private func head(at offset: UInt64, end: UInt64) -> FrameHead? {
    let size = UInt64(FrameHead.size)
    if offset < windowOffset || offset + size > windowOffset + UInt64(window.count) {
      // Only what was synced when it was read: the rest of the file still changes.
      let length = Int(min(UInt64(Self.windowSize), end - offset))
      var bytes = [UInt8](repeating: 0, count: length)
      guard let count = try? bytes.withMutableBytes({ try file.read(into: $0, at: offset) }),
        count >= Int(size)
      else { return nil }
      bytes.removeLast(length - count)
      window = bytes
      windowOffset = offset
    }
    let start = Int(offset - windowOffset)
    return window.withUnsafeBytes { bytes in
      try? FrameHead.decode(
        UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(size)]), salt: salt)
    }
  }
}
