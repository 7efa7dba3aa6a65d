import SegmentLog

/// What is wrong, and the exit code that says how bad it is.
struct VerifyView {
  let survey: LogSurvey

  func print(to output: Output, json: Bool) -> Int32 {
    let code = Int32(survey.severity?.rawValue ?? 0)
    if json {
      output.line(asJSON(code).text)
    } else {
      for problem in survey.problems { output.line(printable(problem.text)) }
      if survey.furtherProblems > 0 { output.line("… and \(survey.furtherProblems) more") }
      output.line(summary)
    }
    return code
  }

  private var summary: String {
    let segments = survey.chain.segments.count
    let frames = survey.overview.segments.reduce(UInt64(0)) { $0 + $1.frames }
    let result =
      switch survey.severity {
      case nil: "clean"
      case .tornTail: "torn or unproven tail"
      case .damage: "damage"
      case .missingSegment: "a segment is missing"
      }
    return "\(result): \(segments) segments, \(frames) frames, \(survey.states.count) messages"
  }

  private func asJSON(_ code: Int32) -> JSON {
    let names: [LogSurvey.Problem.Severity: String] = [
      .tornTail: "torn-tail", .damage: "damage", .missingSegment: "missing-segment",
    ]
    let findings = survey.problems.map { problem in
      JSON.object([
        ("Kind", .optional(names[problem.severity])), ("File", .optional(problem.file)),
        ("Offset", .optional(problem.range?.lowerBound)),
        ("End", .optional(problem.range?.upperBound)),
        ("FirstLost", .optional(problem.lost?.lowerBound)),
        ("LastLost", .optional(problem.lost?.upperBound)), ("Text", .string(problem.text)),
      ])
    }
    return .object([
      ("Directory", .string(survey.overview.directory)), ("Exit", .number(UInt64(code))),
      ("Segments", .number(UInt64(survey.chain.segments.count))),
      ("Messages", .number(UInt64(survey.states.count))), ("Findings", .array(findings)),
      ("FurtherFindings", .number(UInt64(survey.furtherProblems))),
    ])
  }
}
