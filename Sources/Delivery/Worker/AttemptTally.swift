/// Attempts by outcome and kind, without a string per attempt.
struct AttemptTally {
  private enum Outcome: Int, CaseIterable {
    case delivered, retry, dead, interrupted
    var label: String { "\(self)" }
  }

  private static let kinds =
    ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] + FailureKind.allCases.map(\.rawValue)

  private var counts = [UInt64](repeating: 0, count: Outcome.allCases.count * kinds.count)

  mutating func count(_ verdict: Verdict, _ result: AttemptResult) {
    let outcome: Outcome? =
      switch verdict {
      case .delivered: .delivered
      case .retry: .retry
      case .dead: .dead
      case .interrupted: .interrupted
      case .postponed: nil
      }
    guard let outcome else { return }
    counts[outcome.rawValue * Self.kinds.count + Self.kind(result)] += 1
  }

  var byClass: [AttemptClass: UInt64] {
    var classes: [AttemptClass: UInt64] = [:]
    for outcome in Outcome.allCases {
      for (at, kind) in Self.kinds.enumerated() {
        let count = counts[outcome.rawValue * Self.kinds.count + at]
        if count > 0 { classes[AttemptClass(outcome: outcome.label, kind: kind)] = count }
      }
    }
    return classes
  }

  private static func kind(_ result: AttemptResult) -> Int {
    switch result {
    case .interrupted, .unavailable: 0
    case .response(let response): min(max(Int(response.status) / 100, 1), 5)
    case .failure(let kind, _): 6 + (FailureKind.allCases.firstIndex(of: kind) ?? 0)
    }
  }
}
