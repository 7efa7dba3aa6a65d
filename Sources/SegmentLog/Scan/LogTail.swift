import Glibc

/// Follows a log that grows: what was written since the last look. It starts at the end, or with
/// the first frame of a time; files that are dropped before they were read are stepped over.
package final class LogTail {
  /// Frames that are given at once.
  private static let framesMax = 256

  private let disk: any Disk
  private let sinceMs: UInt64?
  private var position: Position?
  private var names: TailNames
  /// Messages up to this one were given: they stand twice when they were logged again.
  private var seen: Sequence = 0

  private struct Position {
    var segment: SegmentFile
    var file: any DiskFile
    var reader: FrameReader
    var offset = FormatLimits.firstFrameOffset
    var frameNumber: UInt64
    var destinations: [UInt32: String] = [:]
  }

  package init(_ disk: any Disk, sinceMs: UInt64? = nil) {
    self.disk = disk
    self.sinceMs = sinceMs
    names = TailNames(disk)
  }

  deinit { position?.file.close() }

  /// Gives what is new to `body`, in order, and says whether there may be more at once.
  package func poll(_ body: (LogEvent) -> Void) throws(DiskError) -> Bool {
    if position == nil { try begin(body) }
    for _ in 0..<Self.framesMax {
      guard try step(body) else { return false }
    }
    return true
  }

  /// To the last segment's end; with a time to follow from, to the first segment that may hold it.
  private func begin(_ body: (LogEvent) -> Void) throws(DiskError) {
    let chain = try LogChain.read(disk)
    guard let last = chain.segments.last else { return }
    guard let sinceMs else {
      try open(last)
      while try step({ _ in }) {}
      return
    }
    var start = chain.segments[0]
    for segment in chain.segments.dropFirst() {
      guard let firstAtMs = firstAtMs(segment), firstAtMs < sinceMs else { break }
      start = segment
    }
    try open(start)
  }

  private func firstAtMs(_ segment: SegmentFile) -> UInt64? {
    guard let file = try? disk.open(segment.name, .readOnly) else { return nil }
    defer { file.close() }
    return try? FrameReader(file: file, salt: segment.header.salt)
      .frame(at: FormatLimits.firstFrameOffset).head.committedAtMs
  }

  private func open(_ segment: SegmentFile) throws(DiskError) {
    position?.file.close()
    position = nil
    let file = try disk.open(segment.name, .readOnly)
    position = Position(
      segment: segment, file: file, reader: FrameReader(file: file, salt: segment.header.salt),
      frameNumber: segment.header.firstFrameNumber)
  }

  /// The next frame, or the next segment. False when neither is there yet.
  private func step(_ body: (LogEvent) -> Void) throws(DiskError) -> Bool {
    guard let current = position else { return false }
    return giveNext(of: current, body) ? true : try goOn(from: current, body)
  }

  private func giveNext(of current: Position, _ body: (LogEvent) -> Void) -> Bool {
    guard let frame = try? current.reader.frame(at: current.offset),
      frame.head.frameNumber >= current.frameNumber
    else { return false }
    give(frame, body)
    return true
  }

  private func give(_ frame: FrameReader.Frame, _ body: (LogEvent) -> Void) {
    guard var current = position else { return }
    let place = NotePlace(segment: current.segment.id, frameOffset: frame.offset)
    LogEvent.forEach(in: frame.directory, frame.head, place, &current.destinations) { event in
      var event = event
      if case .accepted = event.kind {
        guard event.sequence > seen else { return }
        seen = event.sequence
        names.remember(event)
      } else {
        names.complete(&event)
      }
      if event.hasNote, let note = frame.directory.note(event.sequence, attempts: event.attempts) {
        event.error = (try? current.reader.text(note, of: frame)) ?? ""
      }
      if event.atMs >= sinceMs ?? 0 { body(event) }
    }
    current.offset = frame.offset + UInt64(frame.head.totalLength)
    current.frameNumber = frame.head.frameNumber &+ 1
    position = current
  }

  /// Where no frame stands: with a successor the segment ends here, or bytes of it are damaged and
  /// the next frame in it is looked for.
  private func goOn(
    from current: Position, _ body: (LogEvent) -> Void
  ) throws(DiskError) -> Bool {
    let ids = try disk.list().compactMap(FileNames.segmentID)
    guard let next = ids.filter({ $0 > current.segment.id }).min() else {
      return try goOnInReplacement(of: current)
    }
    let name = FileNames.segment(next)
    guard let file = try? disk.open(name, .readOnly) else { return false }
    defer { file.close() }
    guard let size = try? file.size(), let found = try? SegmentHeader.read(from: file) else {
      return false
    }
    // Frames may have come between the look at this segment and the one at the directory.
    if giveNext(of: current, body) { return true }
    var segment = current.segment
    if next == segment.id + 1 { segment.successor = found.header.predecessor }
    if let cut = segment.successor?.durableLength, current.offset < cut,
      let offset = try nextFrame(in: segment, current.file, after: current.offset)
    {
      position?.offset = offset
      return true
    }
    try open(SegmentFile(id: next, name: name, size: size, header: found.header, successor: nil))
    return true
  }

  /// A start in between put a file of its own in the place of the last segment, with those of its
  /// frames again that count: they keep their numbers. False when there is none.
  private func goOnInReplacement(of current: Position) throws(DiskError) -> Bool {
    let name = current.segment.name
    guard let file = try? disk.open(name, .readOnly) else { return false }
    defer { file.close() }
    guard let size = try? file.size(), let header = try? SegmentHeader.read(from: file).header,
      header != current.segment.header
    else { return false }
    try open(
      SegmentFile(id: current.segment.id, name: name, size: size, header: header, successor: nil))
    while let position, let frame = try? position.reader.frame(at: position.offset),
      frame.head.frameNumber < current.frameNumber
    {
      give(frame) { _ in }
    }
    return true
  }

  private func nextFrame(
    in segment: SegmentFile, _ file: any DiskFile, after offset: UInt64
  ) throws(DiskError) -> UInt64? {
    let scanner = try SegmentScanner(
      file: file, header: segment.header, cut: segment.successor?.durableLength, depth: .heads)
    while true {
      switch try scanner.next() {
      case .frame(let frame): if frame.offset > offset { return frame.offset }
      case .invalid: break
      case .end: return nil
      }
    }
  }
}
