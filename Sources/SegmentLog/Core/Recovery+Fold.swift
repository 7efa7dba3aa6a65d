extension Recovery {
  /// Folds a segment that is not the last one, from `start` on when that lies in it.
  mutating func fold(_ segment: FoundSegment, successor: FoundSegment) throws(LogError) {
    guard let header = segment.header else {
      try noteUnreadable(segment, nextSequence: successor.header?.firstSequence)
      return
    }
    if !isStart(segment) { try enter(header, segment.standing) }
    var word = successor.header?.predecessor
    if word?.id != segment.id { word = nil }
    let file = try open(segment)
    defer { file.close() }
    let verdict: SegmentVerdict
    do throws(DiskError) {
      state.segments[state.segments.count - 1].fileBytes = try file.size()
      verdict = try foldAll(file, header, successor: word)
    } catch {
      throw .disk(error)
    }
    if let word { loseUpTo(word.lastSequence.addingCapped(1)) }
    let last = state.segments.count - 1
    let end = word?.durableLength ?? verdict.validEnd
    report.bytes += end - (startIn(header)?.offset ?? 0)
    state.segments[last].end = end
    state.segments[last].close()
    try note(verdict, of: segment)
  }

  private mutating func foldAll(
    _ file: any DiskFile, _ header: SegmentHeader, successor word: SegmentHeader.Predecessor?
  ) throws(DiskError) -> SegmentVerdict {
    let scanner = try scanner(file, header, cut: word?.durableLength)
    var classifier = classifier(header, successor: word)
    var behindDamage = false
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        try apply(frame, scanner.directory, forceMark: behindDamage)
        behindDamage = false
      case .invalid(let range):
        classifier.add(range)
        behindDamage = true
      case .end:
        var verdict = classifier.finish()
        // Nothing is torn where another segment follows: it was begun after the last sync.
        if let torn = verdict.torn { verdict.damage.append(torn) }
        return verdict
      }
    }
  }

  /// Whether the state already holds the segment's beginning.
  func isStart(_ segment: FoundSegment) -> Bool { start?.segment == segment.id }

  func scanner(
    _ file: any DiskFile, _ header: SegmentHeader, cut: UInt64? = nil
  ) throws(DiskError) -> SegmentScanner {
    try SegmentScanner(
      file: file, header: header, cut: cut,
      start: startIn(header).map { ($0.offset, $0.nextFrameNumber) })
  }

  func classifier(
    _ header: SegmentHeader, successor: SegmentHeader.Predecessor?
  ) -> SegmentClassifier {
    SegmentClassifier(
      header: header, successor: successor,
      start: startIn(header).map { ($0.offset, state.nextSequence, $0.frameCRC) })
  }

  func startIn(_ header: SegmentHeader) -> LogPosition? {
    start.flatMap { $0.segment == header.id ? $0 : nil }
  }

  func open(_ segment: FoundSegment) throws(LogError) -> any DiskFile {
    do throws(DiskError) { return try disk.open(segment.file, .readOnly) } catch {
      throw .disk(error)
    }
  }

  /// A segment begins. `standing`: what its header says besides; nil for one that this start begins.
  mutating func enter(_ header: SegmentHeader, _ standing: StandingFiles?) throws(LogError) {
    if firstFile == nil {
      firstFile = FileNames.segment(header.id)
      state.begin(totals: header.totals, nextSequence: header.firstSequence)
      nextFrameNumber = max(1, header.firstFrameNumber)
      try takeCold()
    } else {
      enterAnother(header)
    }
    if start == nil, isScanning { adopt(header, standing) }
    state.advance(committedAtMs: header.createdMs)
    state.append(SegmentState(header: header))
  }

  private mutating func enterAnother(_ header: SegmentHeader) {
    if header.firstSequence > state.nextSequence {
      // The header knows how many of the numbers in between were given.
      let counted = header.totals.accepted.subtractingCapped(state.totals.accepted)
      if let index = missing[header.id] {
        if report.damage[index].lost == nil {
          report.damage[index].lost = state.nextSequence...(header.firstSequence - 1)
        } else {
          report.damage[index].unnamed.add(capped: counted)
        }
      }
      state.skipMissing(to: header.firstSequence, counted: counted)
    }
    // Damage explains a difference; without any, a file is not what it was.
    guard report.damage.isEmpty, !state.totals.agrees(with: header.totals) else { return }
    let reason =
      "it was begun after \(header.totals.ended) of \(header.totals.accepted) messages had ended, but "
      + "what stands before it ends \(state.totals.ended) of \(state.totals.accepted)"
    let file = FileNames.segment(header.id)
    if start != nil { contradiction = contradiction ?? "\(file): \(reason)" }
    note(
      damage: Damage(kind: .accounting, file: file, offset: nil, reason: reason, lost: nil))
  }

  /// The header can't be read, so nothing of the segment can.
  mutating func noteUnreadable(
    _ segment: FoundSegment, nextSequence next: Sequence?
  ) throws(LogError) {
    let size: UInt64
    let file = try open(segment)
    defer { file.close() }
    do throws(DiskError) { size = try file.size() } catch { throw .disk(error) }
    var lost: ClosedRange<Sequence>?
    if firstFile != nil, let next, next > state.nextSequence {
      lost = state.nextSequence...(next - 1)
    }
    let reason = segment.problem?.description ?? "no header"
    note(
      damage: Damage(
        kind: .header, file: segment.file, offset: 0, end: size, reason: reason, lost: lost))
    quarantine.append(Quarantine.Item(file: segment.file, offset: 0, end: size))
    state.append(SegmentState(unreadable: segment.id, bytes: size, reason: reason))
  }

  mutating func note(_ verdict: SegmentVerdict, of segment: FoundSegment) throws(LogError) {
    for finding in verdict.damage {
      if finding.cause.isUnsupported {
        throw .otherVersion(file: segment.file, found: finding.cause.description)
      }
      note(damage: Damage(finding, in: segment.file))
      quarantine.append(
        Quarantine.Item(file: segment.file, offset: finding.offset, end: finding.end))
    }
    if verdict.furtherDamage > 0, let last = verdict.damage.last {
      note(
        damage: Damage(
          file: segment.file, offset: last.end, end: max(last.end, verdict.validEnd),
          reason: "\(verdict.furtherDamage) more damaged places behind it are not listed",
          lost: nil))
    }
    if let first = verdict.damage.first {
      state.segments[state.segments.count - 1].damage = first.cause.description
    }
  }
}

// MARK: One frame

extension Recovery {
  /// Folds one frame that stands in the last of `state.segments`.
  mutating func apply(
    _ frame: ScannedFrame, _ directory: FrameDirectory, forceMark: Bool
  ) throws(DiskError) {
    let head = frame.head
    let last = state.segments.count - 1
    if head.frameNumber < FormatLimits.numberMax {
      nextFrameNumber = max(nextFrameNumber, head.frameNumber + 1)
    }
    state.segments[last].frames += 1
    report.frames += 1
    guard frame.problem == nil else { return }
    guard follows(head, directory) else {
      if start != nil, report.damage.isEmpty {
        contradiction = "message \(head.baseSequence) follows where \(state.nextSequence) should"
      }
      state.segments[last].damage = "a frame's numbers don't follow"
      note(
        damage: Damage(
          kind: .frame, file: state.segments[last].file, offset: frame.offset, end: frame.end,
          reason: "a frame of message \(head.baseSequence) where \(state.nextSequence) should be",
          lost: nil))
      return
    }
    state.advance(committedAtMs: head.committedAtMs)
    loseUpTo(head.baseSequence)
    for definition in directory.destinations { define(definition) }
    if !directory.messages.isEmpty {
      state.segments[last].mark(
        offset: frame.offset, sequence: state.nextSequence, force: forceMark)
      apply(
        directory.messages, acceptedAtMs: head.committedAtMs, badBlocks: frame.badBlocks)
    }
    applyChanges(directory, at: frame.offset, committedAtMs: head.committedAtMs)
    for control in directory.controls { state.apply(control: control) }
    for record in directory.compactions { try apply(record, at: frame.offset) }
    // A compaction takes segments out, never this one.
    let here = state.segments.count - 1
    state.segments[here].records += UInt64(head.recordCount)
    if head.recordCount > 0 { hasFolded = true }
    state.segments[here].sawFrame(committedAtMs: head.committedAtMs)
  }

  /// Numbers never go back, and don't jump by more than the bytes in between can have held.
  private func follows(_ head: FrameHead, _ directory: FrameDirectory) -> Bool {
    let end = head.baseSequence.addingCapped(UInt64(directory.messages.count))
    guard end < Self.sequenceMax else { return false }
    if head.baseSequence < state.nextSequence { return false }
    return isPlausible(lostUpTo: head.baseSequence)
  }

  /// No message takes less than this in a directory.
  static let messageBytesMin: UInt64 = 28

  private func isPlausible(lostUpTo next: Sequence) -> Bool {
    let size = max(state.segments[state.segments.count - 1].fileBytes, options.segmentSize)
    return next.subtractingCapped(state.nextSequence) <= size / Self.messageBytesMin
  }

  mutating func loseUpTo(_ next: Sequence) {
    guard next > state.nextSequence, next < Self.sequenceMax, isPlausible(lostUpTo: next) else {
      return
    }
    state.skipLost(to: next)
  }

  private mutating func define(_ definition: DestinationDefinition) {
    let last = state.segments.count - 1
    guard state.segments[last].place(ofDestination: definition.id) == nil else { return }
    let id = state.destinations.use(
      definition.origin, wanted: definition.id, limit: DestinationTable.numbersMax)
    state.define(number: definition.id, id: id)
    state.destinations.release(id)
  }

  /// The definition was lost with a damaged frame. Another segment's will do; else the messages get
  /// a queue of their own.
  private mutating func place(ofUndefined number: UInt32) -> UInt32 {
    let known = state.destinations.origin(number)
    define(
      DestinationDefinition(id: number, origin: known ?? "unknown destination \(number)"))
    let last = state.segments.count - 1
    guard let place = state.segments[last].place(ofDestination: number) else {
      preconditionFailure("a destination was not defined")
    }
    return place
  }

  private mutating func apply(
    _ messages: [DirectoryMessage], acceptedAtMs: UInt64, badBlocks: [Int]
  ) {
    let last = state.segments.count - 1
    var number: UInt32?
    var place: UInt32 = 0
    for message in messages {
      if !badBlocks.isEmpty, message.payloadLength > 0, badBlocks.contains(Int(message.block)) {
        state.skipLost(to: message.sequence + 1)
        continue
      }
      if message.destination != number {
        number = message.destination
        place =
          state.segments[last].place(ofDestination: message.destination)
          ?? self.place(ofUndefined: message.destination)
      }
      state.apply(
        messageKey: message.key, contentHash: message.contentHash, acceptedAtMs: acceptedAtMs,
        place: place, collect: false)
      if !coldFiles.isEmpty { state.unite(message.sequence) }
      state.segments[last].rawBytes += UInt64(message.payloadLength)
    }
  }

  private mutating func applyChanges(
    _ directory: FrameDirectory, at offset: UInt64, committedAtMs: UInt64
  ) {
    guard !directory.attempts.isEmpty || !directory.outcomes.isEmpty else { return }
    let place = NotePlace(
      segment: state.segments[state.segments.count - 1].id, frameOffset: offset)
    let noted = Set(directory.notes.map { Noted(sequence: $0.sequence, attempts: $0.attempts) })
    for attempt in directory.attempts {
      let hasNote =
        !noted.isEmpty
        && noted.contains(Noted(sequence: attempt.sequence, attempts: attempt.count))
      state.apply(
        attempt: attempt, committedAtMs: committedAtMs, note: hasNote ? place : nil)
    }
    for outcome in directory.outcomes {
      let hasNote =
        !noted.isEmpty
        && noted.contains(Noted(sequence: outcome.sequence, attempts: outcome.attempts))
      state.apply(outcome: outcome, note: hasNote ? place : nil)
    }
  }

  private struct Noted: Hashable {
    var sequence: Sequence
    var attempts: UInt32
  }
}

extension Totals {
  fileprivate var ended: UInt64 { delivered + cancelled }

  /// Dead ones are counted where they stand, so during a recovery their number is not known.
  fileprivate func agrees(with other: Totals) -> Bool {
    accepted == other.accepted && delivered == other.delivered && cancelled == other.cancelled
  }
}
