import SegmentLog

/// What is wrong, and the exit code that says how bad it is.
struct VerifyView {
  let survey: LogSurvey

  func print(to output: Output, json: Bool) -> Int32 {
    let code = Int32(survey.severity?.rawValue ?? 0)
    if json {
      output.object { write(code, &$0) }
    } else {
      for problem in survey.problems { output.line(printable(problem.text)) }
      if survey.furtherProblems > 0 { output.line("… and \(survey.furtherProblems) more") }
      output.line(summary)
    }
    return code
  }

  private var summary: String {
    let result =
      switch survey.severity {
      case nil: "clean"
      case .accepted: "clean but for what was accepted"
      case .tornTail: "torn or unproven tail"
      case .damage: "damage"
      case .missingSegment: "a segment is missing"
      }
    let chain = survey.chain
    var parts = [
      "\(chain.segments.count) segments", "\(survey.frames) frames",
      "\(survey.messages) messages",
    ]
    for (count, what) in [
      (chain.colds.count, "cold segment"), (chain.checkpointCount, "checkpoint"),
      (chain.dedups.count, "dedup file"),
    ] where count > 0 {
      parts.append(countText(UInt64(count), what))
    }
    return "\(result): \(parts.joined(separator: ", "))"
  }

  private static let kinds: [LogSurvey.Problem.Severity: String] = [
    .accepted: "accepted", .tornTail: "torn-tail", .damage: "damage",
    .missingSegment: "missing-segment",
  ]

  private func write(_ code: Int32, _ object: inout JSONObject) {
    object.add("Directory", survey.overview.directory)
    object.add("Exit", Int(code))
    object.add("Segments", survey.chain.segments.count)
    object.add("ColdSegments", survey.chain.colds.count)
    object.add("Checkpoints", survey.chain.checkpointCount)
    object.add("DedupFiles", survey.chain.dedups.count)
    object.add("Frames", survey.frames)
    object.add("Messages", survey.messages)
    object.add("Findings", array: survey.problems) { problem, object in
      object.add("Kind", Self.kinds[problem.severity])
      object.add("File", problem.file)
      object.add("Offset", problem.range?.lowerBound)
      object.add("End", problem.range?.upperBound)
      object.add("FirstLost", problem.lost?.lowerBound)
      object.add("LastLost", problem.lost?.upperBound)
      object.add("Text", problem.text)
    }
    object.add("FurtherFindings", survey.furtherProblems)
  }
}
