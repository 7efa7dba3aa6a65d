/// A read of a whole log without being its owner: what it holds, and what is wrong with it.
/// Memory: two bits a message, and one window on a file.
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
  package private(set) var problems: [Problem] = []
  /// Problems beyond those that are listed one by one.
  package private(set) var furtherProblems = 0
  package private(set) var states = MessageStates()
  package let chain: LogChain

  /// Ends of messages that stand in no segment any more.
  private var endedBefore: UInt64 = 0
  private var hasTornBytes = false

  /// `progress` gets the bytes gone through since its last call.
  package init(
    of disk: any Disk, progress: (_ bytes: UInt64, _ of: UInt64) -> Void = { _, _ in }
  ) throws(DiskError) {
    chain = try LogChain.read(disk)
    overview = LogOverview(directory: disk.path, segments: [], bytesOnDisk: chain.bytes)
    for problem in chain.problems { add(problem) }
    let total = chain.segmentBytes
    for index in chain.segments.indices {
      scan(index, disk) { progress($0, total) }
    }
    checkOldest()
    addUnusable()
    explain()
    addPrepared()
  }

  private mutating func scan(_ index: Int, _ disk: any Disk, progress: (UInt64) -> Void) {
    let segment = chain.segments[index]
    var row = SegmentOverview(id: segment.id, file: segment.name, state: .sealed)
    overview.segments.append(row)
    do throws(DiskError) {
      let verdict = try SegmentWalk.run(
        segment, on: disk, checksBlocks: true, progress: progress
      ) { (frame, scanner) throws(DiskError) in
        row.add(frame, scanner.directory)
        apply(scanner.directory, index)
      }
      row.live = overview.segments[index].live
      guard let verdict else { return }
      let isLast = index == chain.segments.count - 1
      row.storedBytes = verdict.validEnd - FormatLimits.firstFrameOffset
      row.state = verdict.hasDamage ? .damaged : isLast && !verdict.isSealed ? .active : .sealed
      overview.segments[index] = row
      add(verdict, segment)
    } catch {
      row.live = overview.segments[index].live
      row.state = .damaged
      overview.segments[index] = row
      add(Problem(severity: .damage, file: segment.name, text: error.description))
    }
  }

  private mutating func apply(_ directory: FrameDirectory, _ segment: Int) {
    if let first = directory.messages.first,
      states.add(first: first.sequence, count: directory.messages.count, segment: segment)
    {
      overview.segments[segment].live += UInt64(directory.messages.count)
    }
    for outcome in directory.outcomes {
      let state = MessageStates.State(outcome.kind)
      guard let place = states.index(of: outcome.sequence) else {
        if !state.isLive { endedBefore += 1 }
        continue
      }
      let before = states[place.index]
      guard before.isLive else { continue }
      states[place.index] = state
      if !state.isLive { overview.segments[place.segment].live -= 1 }
    }
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

// What is wrong.
extension LogSurvey {
  private static let problemsMax = 1000

  /// The worst of all, for the exit code; nil when nothing is wrong.
  package var severity: Problem.Severity? { problems.map(\.severity).max() }

  private mutating func add(_ problem: Problem) {
    if problems.count < Self.problemsMax { problems.append(problem) } else { furtherProblems += 1 }
  }

  private mutating func add(_ problem: ChainProblem) {
    let severity: Problem.Severity
    var file: String?
    switch problem {
    case .missingSegments: severity = .missingSegment
    case .unreadable(let name, _), .damagedHeaderCopy(let name, _), .otherStore(let name, _, _),
      .otherID(let name, _), .brokenChain(let name, _):
      severity = .damage
      file = name
    case .identity:
      severity = .damage
      file = FileNames.identity
    }
    add(Problem(severity: severity, file: file, text: problem.description))
  }

  private mutating func add(_ verdict: SegmentVerdict, _ segment: SegmentFile) {
    for finding in verdict.damage { add(finding, .damage, segment) }
    furtherProblems += verdict.furtherDamage
    if let torn = verdict.torn {
      hasTornBytes = true
      add(torn, .tornTail, segment)
    }
    if let offset = verdict.unprovenFrom {
      add(
        Problem(
          severity: .tornTail, file: segment.name, range: offset..<verdict.validEnd,
          text: "\(segment.name): unproven tail from \(offset) on: nothing written later says that "
            + "it was synced"))
    }
    checkEnd(verdict, segment)
  }

  private mutating func add(
    _ finding: SegmentFinding, _ severity: Problem.Severity, _ segment: SegmentFile
  ) {
    var text = "\(segment.name): \(severity == .damage ? "damage" : "torn tail") at "
    text += "\(finding.offset), \(finding.end - finding.offset) bytes: \(finding.cause)"
    if finding.isAllZero { text += "; all zero" }
    if let lost = finding.lost {
      text += "; messages lost: \(lost.lowerBound)"
      if lost.lowerBound < lost.upperBound { text += " to \(lost.upperBound)" }
    }
    add(
      Problem(
        severity: severity, file: segment.name, range: finding.offset..<finding.end,
        lost: finding.lost, text: text))
  }

  /// An undamaged segment ends as its successor says.
  private mutating func checkEnd(_ verdict: SegmentVerdict, _ segment: SegmentFile) {
    guard let successor = segment.successor, !verdict.hasDamage else { return }
    let last = (verdict.nextSequence ?? segment.header.firstSequence) &- 1
    guard successor.lastFrameCRC == verdict.lastFrameCRC, successor.lastSequence == last else {
      add(
        Problem(
          severity: .damage, file: segment.name,
          text: "\(segment.name): its last frame is not the one that the next segment names"))
      return
    }
  }

  /// Every message that was live when the oldest segment began, and stands in none, must have been
  /// ended since: else a segment before it is missing. Damage or a torn tail could hide those ends.
  private mutating func checkOldest() {
    guard let oldest = chain.segments.first, !hasTornBytes,
      !problems.contains(where: { $0.severity != .tornTail })
    else { return }
    let totals = oldest.header.totals
    let live = totals.accepted &- totals.delivered &- totals.cancelled
    guard endedBefore < live else { return }
    add(
      Problem(
        severity: .missingSegment,
        text: "segments before \(oldest.name) are missing: \(live - endedBefore) messages that "
          + "were live when it began have no end"))
  }
}

extension SegmentOverview {
  fileprivate mutating func add(_ frame: ScannedFrame, _ directory: FrameDirectory) {
    frames += 1
    firstAtMs = firstAtMs ?? frame.head.committedAtMs
    lastAtMs = frame.head.committedAtMs
    guard let first = directory.messages.first, let last = directory.messages.last else { return }
    messages += UInt64(directory.messages.count)
    for message in directory.messages { rawBytes += UInt64(message.payloadLength) }
    firstSequence = firstSequence ?? first.sequence
    lastSequence = last.sequence
  }
}
