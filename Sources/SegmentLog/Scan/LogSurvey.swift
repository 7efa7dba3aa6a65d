/// A read of a whole log without being its owner: what it holds, and what is wrong with it.
/// Memory: `StateWindow.bytesMaxDefault`, and a window on a file for each core.
package struct LogSurvey: Sendable {
  package struct Problem: Sendable, Equatable {
    package enum Severity: Int, Sendable, Comparable {
      /// Damage that an operator has accepted is no news.
      case accepted = 0
      case tornTail = 1
      case damage = 2
      case missingSegment = 3
      package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
    package var severity: Severity
    package var file: String?
    /// Offsets in the file.
    package var range: Range<UInt64>?
    package var lost: ClosedRange<Sequence>?
    package var text: String
  }

  package private(set) var overview: LogOverview
  package var problems: [Problem] = []
  /// Problems beyond those that are listed one by one.
  package var furtherProblems = 0
  package internal(set) var chain: LogChain
  package private(set) var messages: UInt64 = 0
  package private(set) var frames: UInt64 = 0

  /// Messages before the oldest segment that ended, or were given up, in frames that stand.
  private(set) var endedBefore: UInt64 = 0
  var hasTornBytes = false

  /// With a `depth` below the default less is found wrong. `progress` gets the bytes gone through
  /// since its last call.
  package init(
    of disk: any Disk, depth: ScanDepth = .bodies,
    windowBytes: Int = StateWindow.bytesMaxDefault,
    progress: @escaping PassProgress = { _, _ in }
  ) throws(DiskError) {
    let chain = try LogChain.read(disk)
    self.chain = chain
    overview = LogOverview(directory: disk.path, segments: [], bytesOnDisk: chain.bytes)
    var tally = SurveyTally(chain)
    let result = LogWindows(chain, on: disk, bytesMax: windowBytes)
      .forEach(depth, progress: progress) { tally.add($0, on: disk) }
    for problem in chain.problems { add(problem, result.digests) }
    endedBefore = result.digests.reduce(tally.endedBefore) { $0.addingCapped($1.givenUp) }
    let superseded = chain.colds.superseded(by: result.digests)
    for (index, digest) in result.digests.enumerated() {
      let isSuperseded = superseded.contains(chain.files[index].name)
      add(digest, index, live: isSuperseded ? 0 : tally.live[index])
    }
    for problem in result.dedupProblems { add(problem, result.digests) }
    checkOldest()
    explain(dead: tally.dead)
    addUnusable()
    addPrepared()
  }

  private mutating func add(_ digest: FileDigest, _ index: Int, live: UInt64) {
    let segment = chain.files[index]
    let isCold = segment.header.kind == .cold
    var row = SegmentOverview(id: segment.id, file: segment.name, state: .sealed)
    row.frames = digest.frames
    row.messages = digest.messages
    row.live = live
    row.rawBytes = digest.payloadBytes
    row.firstSequence = digest.firstSequence
    row.lastSequence = digest.lastSequence
    row.firstAtMs = digest.firstAtMs
    row.lastAtMs = digest.lastAtMs
    if let verdict = digest.verdict {
      let isLast = index == chain.segments.count - 1
      row.storedBytes = verdict.validEnd - FormatLimits.firstFrameOffset
      let isDamaged = verdict.damage.contains { !isAccepted($0, in: segment) }
      row.state = isDamaged ? .damaged : isLast && !verdict.isSealed ? .active : .sealed
      if isCold { add(cold: verdict, segment, &row) } else { add(verdict, segment) }
    }
    if let error = digest.error {
      row.state = .damaged
      add(Problem(severity: .damage, file: segment.name, text: error.description))
    }
    messages += digest.messages
    frames += digest.frames
    overview.segments.append(row)
  }

  /// A cold segment gets its name when it is whole and synced: whatever is wrong in it is damage.
  private mutating func add(
    cold verdict: SegmentVerdict, _ segment: SegmentFile, _ row: inout SegmentOverview
  ) {
    var verdict = verdict
    if let torn = verdict.torn {
      verdict.damage.append(torn)
      verdict.torn = nil
    }
    verdict.unprovenFrom = nil
    if verdict.damage.contains(where: { !isAccepted($0, in: segment) }) { row.state = .damaged }
    add(verdict, segment)
    guard !verdict.isSealed, !verdict.hasDamage else { return }
    row.state = .damaged
    add(
      Problem(
        severity: .damage, file: segment.name, text: "\(segment.name): it has no footer"))
  }

  /// Which of the segments could go, and why the others can't: the engine's own rule.
  private mutating func explain(dead: [UInt64]) {
    let kept = chain.checkpoints.believed.map(\.kept)
    for index in chain.files.indices {
      let row = overview.segments[index]
      let candidate = DropRule.Candidate(
        file: LogFile(chain.files[index].header.kind, row.id),
        end: FormatLimits.firstFrameOffset + row.storedBytes,
        isActive: row.state == .active, isDamaged: row.state == .damaged, live: row.live,
        dead: dead[index])
      overview.segments[index].keptBecause =
        DropRule.reason(candidate, kept: kept)?.description
    }
  }

  /// What can't be read as a segment stays in the table: it takes room, and it keeps what follows.
  private mutating func addUnusable() {
    guard !chain.unusable.isEmpty else { return }
    for file in chain.unusable where file.kind == .wal {
      var row = SegmentOverview(id: file.id, file: file.name, state: .damaged)
      row.keptBecause = isAccepted(headerOf: file.name) ? "damaged; accepted" : "damaged"
      overview.segments.append(row)
    }
    let (colds, segments) = overview.segments.partitioned { FileNames.coldID($0.file) != nil }
    overview.segments = segments.sorted { $0.id < $1.id } + colds
  }

  private mutating func addPrepared() {
    guard let size = chain.preparedBytes else { return }
    var row = SegmentOverview(
      id: (chain.segments.last?.id ?? 0) + 1, file: FileNames.next, state: .prepared)
    row.storedBytes = 0
    row.keptBecause = "\(size) bytes prepared ahead"
    overview.segments.append(row)
  }
}
