// What is wrong.
extension LogSurvey {
  private static let problemsMax = 1000

  /// The worst of all, for the exit code; nil when nothing ever was wrong.
  package var severity: Problem.Severity? { problems.map(\.severity).max() }

  mutating func add(_ problem: Problem) {
    if problems.count < Self.problemsMax { problems.append(problem) } else { furtherProblems += 1 }
  }

  mutating func add(_ problem: ChainProblem, _ digests: [FileDigest]) {
    var severity: Problem.Severity
    var file: String?
    switch problem {
    case .missingSegments: severity = .missingSegment
    case .missingCold(let id):
      severity = .missingSegment
      file = FileNames.cold(id)
    case .accepted:
      severity = .damage
      file = FileNames.acceptedDamage
    case .unreadable(let name, _), .damagedHeaderCopy(let name, _), .otherStore(let name, _, _),
      .otherID(let name, _), .brokenChain(let name, _), .unusable(let name, _):
      severity = .damage
      file = name
    case .identity:
      severity = .damage
      file = FileNames.identity
    }
    var text = problem.description
    if isAccepted(problem, digests) {
      severity = .accepted
      text += Self.acceptedText
    }
    add(Problem(severity: severity, file: file, text: text))
  }

  mutating func add(_ verdict: SegmentVerdict, _ segment: SegmentFile) {
    for finding in verdict.damage {
      add(finding, isAccepted(finding, in: segment) ? .accepted : .damage, segment)
    }
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
    var text = "\(segment.name): \(severity == .tornTail ? "torn tail" : "damage") at "
    text += "\(finding.offset), \(finding.end - finding.offset) bytes: \(finding.cause)"
    if finding.isAllZero { text += "; all zero" }
    if let lost = finding.lost {
      text += "; messages lost: \(lost.lowerBound)"
      if lost.lowerBound < lost.upperBound { text += " to \(lost.upperBound)" }
    }
    if severity == .accepted { text += Self.acceptedText }
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
  mutating func checkOldest() {
    // A checkpoint names what must stand.
    guard let oldest = chain.segments.first, chain.checkpoint == nil, !hasTornBytes,
      !problems.contains(where: { $0.severity > .tornTail })
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
