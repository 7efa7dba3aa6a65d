// The word of a start on what was found.
extension LogSurvey {
  /// What is proven, missing or torn is what a start takes for it; a scan of single files can't tell
  /// that. What it found in their bytes stays.
  package mutating func judge(by judgement: LogJudgement) {
    guard let report = judgement.report, let state = judgement.state else {
      if let refusal = judgement.refusal { refuse(refusal) }
      return
    }
    let isTorn = report.tornTailBytes > 0 || report.reloggedFrames > 0
    let checkpoint = report.checkpoint.map(FileNames.checkpoint)
    problems = problems.filter { problem in
      switch problem.severity {
      case .missingSegment: false
      case .tornTail: isTorn
      case .damage: !isVoid(problem, state) && (problem.file == nil || problem.file != checkpoint)
      case .accepted: true
      }
    }
    for damage in report.damage {
      replace(damage, [.missing, .accounting].contains(damage.kind) ? .missingSegment : .damage)
    }
    for damage in report.acceptedDamage { replace(damage, .accepted) }
    nameForgotten(state)
  }

  private mutating func refuse(_ refusal: LogError) {
    let text = refusal.description
    if problems.contains(where: { $0.severity > .tornTail }) { return }
    add(Problem(severity: .damage, text: "a start is refused: \(text)"))
  }

  /// Behind the end of a segment nothing counts, whether its successor still stands or not.
  private func isVoid(_ problem: Problem, _ state: Checkpoint) -> Bool {
    guard let file = problem.file, let range = problem.range,
      let segment = (state.segments + state.cold).first(where: { $0.file == file })
    else { return false }
    return range.lowerBound >= segment.end
  }

  /// The start knows which of the lost messages had ended.
  private mutating func replace(_ damage: Damage, _ severity: Problem.Severity) {
    problems.removeAll { problem in
      guard problem.file == damage.file, problem.severity <= .damage else { return false }
      return problem.range?.lowerBound == damage.offset
        || (problem.range == nil && damage.kind == .header)
    }
    var range: Range<UInt64>?
    if let start = damage.offset, let end = damage.end, start <= end { range = start..<end }
    let text = damage.description + (severity == .accepted ? Self.acceptedText : "")
    add(Problem(severity: severity, file: damage.file, range: range, lost: damage.lost, text: text))
  }

  /// Files of the duplicate check that should stand.
  private mutating func nameForgotten(_ state: Checkpoint) {
    let standing = Set(chain.dedups.map(\.name))
    for dedup in chain.known?.dedups ?? [] {
      let name = FileNames.dedup(dedup.id)
      if standing.contains(name) || problems.contains(where: { $0.file == name }) { continue }
      add(
        Problem(
          severity: .damage, file: name,
          text: "\(name) is missing: a message that was delivered may be taken again"))
    }
  }
}
