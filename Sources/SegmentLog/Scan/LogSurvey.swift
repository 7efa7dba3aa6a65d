/// A read of a whole log without being its owner: what it holds, and what is wrong with it.
/// Memory: `StateWindow.bytesMaxDefault`, and a window on a file for each core.
package struct LogSurvey: Sendable {
  package struct Problem: Sendable, Equatable {
    package enum Severity: Int, Sendable, Comparable {
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
  package let chain: LogChain
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
    for problem in chain.problems { add(problem) }
    let bounds = LogBounds(chain)
    var live = [UInt64](repeating: 0, count: chain.segments.count)
    var endedBefore: UInt64 = 0
    let windows = LogWindows(chain, on: disk, bytesMax: windowBytes)
    let digests = windows.forEach(depth, progress: progress) { window in
      for (index, range) in bounds.ranges.enumerated() {
        live[index] += window.count(in: range, where: \.keepsSegment)
      }
      guard let below = bounds.below else { return }
      endedBefore += window.count(in: below) { !$0.isLive }
    }
    self.endedBefore = digests.reduce(endedBefore) { $0.addingCapped($1.givenUp) }
    for (index, digest) in digests.enumerated() { add(digest, index, live: live[index]) }
    checkOldest()
    addUnusable()
    explain()
    addPrepared()
  }

  private mutating func add(_ digest: FileDigest, _ index: Int, live: UInt64) {
    let segment = chain.segments[index]
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
      row.state = verdict.hasDamage ? .damaged : isLast && !verdict.isSealed ? .active : .sealed
      add(verdict, segment)
    }
    if let error = digest.error {
      row.state = .damaged
      add(Problem(severity: .damage, file: segment.name, text: error.description))
    }
    messages += digest.messages
    frames += digest.frames
    overview.segments.append(row)
  }

  /// Which of the segments could go, and why the others can't.
  private mutating func explain() {
    var keptBefore: UInt64?
    for index in overview.segments.indices {
      let row = overview.segments[index]
      let reason: String? =
        switch row.state {
        case .damaged: "damaged"
        case .active: "active"
        default:
          if row.live > 0 {
            "\(row.live) live message" + (row.live == 1 ? "" : "s")
          } else {
            keptBefore.map { "segment \($0) before it is kept" }
          }
        }
      overview.segments[index].keptBecause = reason
      if reason != nil && keptBefore == nil { keptBefore = row.id }
    }
  }

  /// What can't be read as a segment stays in the table: it takes room, and it keeps what follows.
  private mutating func addUnusable() {
    guard !chain.unusable.isEmpty else { return }
    for file in chain.unusable {
      overview.segments.append(SegmentOverview(id: file.id, file: file.name, state: .damaged))
    }
    overview.segments.sort { $0.id < $1.id }
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
