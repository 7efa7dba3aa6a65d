/// What a start makes of a directory: the state, and a new segment to go on in.
struct RecoveredLog {
  var state: LogState
  var active: ActiveSegment
  var salts: SaltSource
  var nextFrameNumber: UInt64
  var report: RecoveryReport
  var checkpoints: CheckpointSchedule
  /// No number below this one is given again, though the state doesn't know it yet.
  var numbered: Sequence = 1
}

/// Makes the state of what stands in a directory: the newest checkpoint, and the frames from its
/// position on; the checkpoint before when that one can't be used; all frames of all segments when
/// neither can.
///
/// Head, directory and blocks of every frame that is folded are verified; nothing is inflated. The
/// header of each segment is the authority for where the one before ends. What the last run wrote and
/// can't prove to have synced is written again, into the new segment and before anything comes of it:
/// such a frame may have been read from the page cache only.
struct Recovery {
  let disk: any Disk
  let options: LogOptions
  let nowMs: UInt64
  var state: LogState
  var report = RecoveryReport()
  var salts: SaltSource
  var nextFrameNumber: UInt64 = 1
  /// The first segment with a readable header.
  var firstFile: String?
  /// By the segment that follows: where in the report the missing ones are named.
  var missing: [UInt64: Int] = [:]
  /// By the place in the report: which segments are missing.
  var gaps: [Int: Range<UInt64>] = [:]
  /// A full scan is under way.
  var isScanning = false
  /// What ended in the frames that are logged again.
  var endsToCome: Set<Sequence> = []
  /// Messages without known numbers that were given up in those frames.
  var givenUpAgain: UInt64 = 0
  /// In a full scan: where live messages stand, by the newest header; nil when it doesn't say that.
  var standing: Standing?
  /// Of the last frame of the new segment: where it begins, and its head CRC.
  var lastFrameOffset: UInt64 = 0
  var lastFrameCRC: UInt32 = 0
  /// The position that the fold began from; nil in a full scan.
  var start: LogPosition?
  /// Newest first; the fold began from the first.
  var kept: [KeptCheckpoint] = []
  var nextCheckpoint: UInt64 = 1
  /// There is something that no checkpoint holds.
  var hasChanged = false
  /// A frame with records was folded.
  var hasFolded = false
  /// Why the checkpoint that the fold began from can't be true.
  var contradiction: String?
  /// Files that the checkpoint needs and that aren't there, or are others than they were.
  var gone: [LogFile: String] = [:]
  /// Why the last frame before the position can't be read.
  var unreadableFrame: String?
  /// Checkpoints that aren't used, and cold segments, know of messages up to (not with) this number.
  var numbered: Sequence = 1
  /// Segments that were dropped before and stand there again.
  var strays: [String] = []
  /// In a full scan: the cold segments, as long as what they say is yet to be applied.
  var coldFiles: [ColdFile] = []
  /// In a full scan: which segments the cold ones were made of.
  var coldRecords: [CompactionRecord] = []
  /// Those whose output can't be used: their inputs are in force.
  var unusedRecords: [CompactionRecord] = []
  /// Used by cold segments that were read, until it is known which of them count.
  var heldDestinations: [UInt32] = []
  /// The store's identity.
  var store = StoreUUID(high: 0, low: 0)
  /// Bytes to copy aside: file, offset, end.
  var quarantine: [Quarantine.Item] = []

  init(disk: any Disk, options: LogOptions, nowMs: UInt64) {
    self.disk = disk
    self.options = options
    self.nowMs = nowMs
    state = LogState(options)
    salts = SaltSource(seed: options.saltSeed)
  }

  mutating func run() throws(LogError) -> RecoveredLog {
    try FileVersions.check(disk)
    try deleteTemporaryFiles()
    store = try identity()
    let found = try findSegments(of: store)
    var last = try foldFromCheckpoint(found, store)
    if start == nil { last = try foldAll(found) }
    let active = try begin(store: store, after: last)
    try sortOutCold()
    unlinkAgain()
    sumUp()
    return RecoveredLog(
      state: state, active: active, salts: salts, nextFrameNumber: nextFrameNumber,
      report: report,
      checkpoints: CheckpointSchedule(
        kept: kept, nextNumber: nextCheckpoint, hasChanged: hasChanged, nowMs: nowMs),
      numbered: start == nil ? numbered : 1)
  }

  /// A full scan.
  private mutating func foldAll(_ found: [FoundSegment]) throws(LogError) -> LastSegment? {
    isScanning = true
    noteMissing(in: found)
    for (index, segment) in found.enumerated().dropLast() {
      try fold(segment, successor: found[index + 1])
    }
    let last = try found.last.map { (segment) throws(LogError) in try examineLast(segment) }
    if firstFile == nil { try takeColdAlone() }
    numbered = max(numbered, state.cold.map(\.next).max() ?? 1)
    if last?.hasUnproven != true {
      if firstFile != nil { state.countBeyond() }
      state.reserve(to: numbered)
    }
    applyColdStates()
    try loadDedups()
    hasChanged = hasFolded
    return last
  }

  /// Cold segments, and no log that can be read: it is gone, and what they hold is pending again.
  private mutating func takeColdAlone() throws(LogError) {
    try takeCold()
    let next = state.cold.map(\.next).max() ?? 1
    guard next > 1 else { return }
    note(
      damage: Damage(
        kind: .missing, file: FileNames.segment(1), offset: nil,
        reason: "no segment of the log can be read, and only compacted ones are left; finished "
          + "and cancelled messages may be delivered again", lost: nil))
    state.reserve(to: next)
    reserveNumbers()
    state.counters.totals.accepted = state.cold.reduce(0) { $0 + $1.liveCount }
    hasFolded = true
    firstFile = FileNames.segment(1)
  }

  private mutating func sumUp() {
    report.segments = state.holders.count - 1
    report.messages = state.holders.reduce(0) { $0 + state[$1].messages }
    report.pending = state.totals.pending
    report.dead = state.totals.dead
  }

  private func deleteTemporaryFiles() throws(LogError) {
    do throws(DiskError) {
      for name in try disk.list() where FileNames.isTemporary(name) { try disk.unlink(name) }
    } catch {
      throw .disk(error)
    }
  }

  mutating func note(damage: Damage) { report.damage.append(damage) }
}

// MARK: What stands there

/// A segment's file, and its header when that can be read.
struct FoundSegment {
  var id: UInt64
  var header: SegmentHeader?
  /// Why not.
  var problem: SegmentHeaderError?
  var damagedCopy: Int?
  var standing: StandingFiles?
  var file: String { FileNames.segment(id) }
}

extension Recovery {
  private mutating func findSegments(of store: StoreUUID) throws(LogError) -> [FoundSegment] {
    var found: [FoundSegment] = []
    let names: [String]
    do throws(DiskError) { names = try disk.list() } catch { throw .disk(error) }
    for name in names {
      guard let id = FileNames.segmentID(name) else { continue }
      guard (1..<Self.segmentMax).contains(id) else {
        report.notes.append("\(name) is not looked at: no segment ever gets that number")
        continue
      }
      let segment = try readHeader(id, store: store)
      found.append(segment)
    }
    return found
  }

  private mutating func readHeader(
    _ id: UInt64, store: StoreUUID
  ) throws(LogError) -> FoundSegment {
    var segment = FoundSegment(id: id)
    do throws(SegmentHeaderError) {
      let file: any DiskFile
      do throws(DiskError) { file = try disk.open(segment.file, .readOnly) } catch {
        throw .disk(error)
      }
      defer { file.close() }
      let found = try SegmentHeader.read(from: file)
      segment.header = found.header
      segment.damagedCopy = found.damagedCopy
      segment.standing = found.standing
    } catch {
      switch error {
      case .disk(let failure): throw .disk(failure)
      case .otherVersion, .unknownFeatures:
        throw .otherVersion(file: segment.file, found: error.description)
      case .notASegment, .badChecksum, .badValue: segment.problem = error
      }
    }
    if let header = segment.header {
      guard header.store == store else {
        throw .foreignStore(
          file: segment.file, found: header.store.description, expected: store.description)
      }
      guard header.id == id else { throw .wrongIdentity(file: segment.file, holds: header.id) }
      guard header.kind == .wal, header.firstSequence < Recovery.sequenceMax else {
        segment.header = nil
        segment.problem = .badValue("first sequence")
        return segment
      }
    }
    if let copy = segment.damagedCopy { note(copy, of: segment.file) }
    return segment
  }

  /// A header stands in a segment twice.
  mutating func note(_ damagedCopy: Int, of file: String) {
    let offset = UInt64(damagedCopy * FormatLimits.headerCopyOffset)
    quarantine.append(
      Quarantine.Item(file: file, offset: offset, end: offset + UInt64(SegmentHeader.size)))
    report.notes.append(
      "\(file): copy \(damagedCopy + 1) of the header is damaged; the other one is good")
  }

  /// Far beyond what can ever be reached; they keep sums from overflowing.
  static let sequenceMax = FormatLimits.sequenceMax
  static let segmentMax = FormatLimits.numberMax

  mutating func noteMissing(in found: [FoundSegment]) {
    for (before, after) in zip(found, found.dropFirst()) where before.id + 1 < after.id {
      noteMissing(before.id + 1..<after.id)
    }
  }

  mutating func noteMissing(_ ids: Range<UInt64>) {
    let which =
      ids.count == 1
      ? "segment \(ids.lowerBound) is missing"
      : "segments \(ids.lowerBound) to \(ids.upperBound - 1) are missing"
    missing[ids.upperBound] = report.damage.count
    gaps[report.damage.count] = ids
    note(
      damage: Damage(
        kind: .missing, file: FileNames.segment(ids.lowerBound), offset: nil,
        reason: "\(which); finished and cancelled messages may be delivered again", lost: nil))
  }
}
