/// The segment that the last run wrote to.
struct LastSegment {
  var found: FoundSegment
  /// Everything below was proven to be synced. At or beyond it stand frames to log again, a torn
  /// tail, or nothing.
  var durableEnd: UInt64
  /// Frames with records follow that aren't proven, whole ones up to `unprovenEnd`.
  var hasUnproven: Bool
  var unprovenEnd: UInt64
  /// There is nothing behind `unprovenEnd` that anyone could miss.
  var endsInZeros: Bool
  var lastFrameCRC: UInt32 = 0
  /// Of the message that came next.
  var nextSequence: Sequence = 1
  var isDamaged: Bool
  /// Nothing is proven in it: the new segment takes its place and its number.
  ///
  /// Its name may not be durable: the sync of the directory failed, and a later one doesn't cure that.
  /// With a segment behind it a power cut would leave a gap. Where a frame or a checkpoint proves
  /// something, the name was durable before. So starts without work leave nothing behind, either.
  var isReplaced: Bool {
    !isDamaged && durableEnd == FormatLimits.firstFrameOffset
  }
  var unprovenBytes: UInt64 { hasUnproven ? unprovenEnd.subtractingCapped(durableEnd) : 0 }
}

extension Recovery {
  /// Folds the proven part of the last segment, and says what is to be done with the rest.
  mutating func examineLast(_ segment: FoundSegment) throws(LogError) -> LastSegment {
    guard let header = segment.header else { return try examineUnreadable(segment) }
    if !isStart(segment) { try enter(header, segment.standing) }
    let file = try open(segment)
    defer { file.close() }
    let verdict: SegmentVerdict
    var last: LastSegment
    let size: UInt64
    do throws(DiskError) {
      size = try file.size()
      state.segments[state.segments.count - 1].fileBytes = size
      let synced: UInt64
      (verdict, synced) = try classify(file, header)
      last = plan(segment, verdict, durableEnd: synced)
      last.lastFrameCRC = try foldDurable(file, header, end: last.durableEnd)
      if let torn = verdict.torn { try noteTorn(torn, file, of: segment, size: size) }
    } catch {
      throw .disk(error)
    }
    try note(verdict, of: segment)
    last.nextSequence = state.nextSequence
    if isStart(segment), size < state.segments[state.segments.count - 1].end { reserveNumbers() }
    last.isDamaged = state.segments[state.segments.count - 1].damage != nil
    state.segments[state.segments.count - 1].end = last.durableEnd
    report.bytes += last.durableEnd - (startIn(header)?.offset ?? 0)
    report.cleanStop =
      verdict.isSealed && !last.isDamaged && verdict.torn == nil && verdict.unprovenFrom == nil
    return last
  }

  private func plan(
    _ segment: FoundSegment, _ verdict: SegmentVerdict, durableEnd synced: UInt64
  ) -> LastSegment {
    var last = LastSegment(
      found: segment, durableEnd: synced, hasUnproven: verdict.unprovenFrom != nil,
      unprovenEnd: min(verdict.torn?.offset ?? .max, verdict.validEnd),
      endsInZeros: verdict.torn == nil && !verdict.hasDamage, isDamaged: false)
    if verdict.damage.contains(where: { $0.end > synced }) { last.durableEnd = verdict.provenUpTo }
    for end in [verdict.unprovenFrom, verdict.torn?.offset].compactMap(\.self) {
      last.durableEnd = min(last.durableEnd, end)
    }
    return last
  }

  /// What the scan says, and the end of what some frame proves to have been synced, itself left out:
  /// even a footer may have been read from the page cache only.
  private func classify(
    _ file: any DiskFile, _ header: SegmentHeader
  ) throws(DiskError) -> (SegmentVerdict, synced: UInt64) {
    let scanner = try scanner(file, header)
    var classifier = classifier(header, successor: nil)
    // A checkpoint is written of what is synced.
    var synced = startIn(header)?.offset ?? FormatLimits.firstFrameOffset
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        synced = max(synced, min(frame.head.syncedUpTo, frame.offset))
      case .invalid(let range): classifier.add(range)
      case .end: return (classifier.finish(), synced)
      }
    }
  }

  /// Returns the head CRC of the last frame.
  private mutating func foldDurable(
    _ file: any DiskFile, _ header: SegmentHeader, end: UInt64
  ) throws(DiskError) -> UInt32 {
    var crc = startIn(header)?.frameCRC ?? 0
    var behindDamage = false
    let scanner = try scanner(file, header, cut: end)
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        try apply(frame, scanner.directory, forceMark: behindDamage)
        behindDamage = false
        crc = frame.head.crc
      case .invalid: behindDamage = true
      case .end: return crc
      }
    }
  }

  private mutating func noteTorn(
    _ torn: SegmentFinding, _ file: any DiskFile, of segment: FoundSegment, size: UInt64
  ) throws(DiskError) {
    guard !torn.isAllZero else { return }
    let end = try Quarantine.endOfData(file, from: torn.offset, to: size)
    report.tornTailBytes += end - torn.offset
    quarantine.append(Quarantine.Item(file: segment.file, offset: torn.offset, end: end))
  }

  private mutating func examineUnreadable(
    _ segment: FoundSegment
  ) throws(LogError) -> LastSegment {
    try noteUnreadable(segment, nextSequence: nil)
    let size = state.segments[state.segments.count - 1].fileBytes
    report.cleanStop = false
    var last = LastSegment(
      found: segment, durableEnd: max(size, FormatLimits.firstFrameOffset), hasUnproven: false,
      unprovenEnd: 0, endsInZeros: false, isDamaged: true)
    last.nextSequence = state.nextSequence
    reserveNumbers()
    return last
  }
}
