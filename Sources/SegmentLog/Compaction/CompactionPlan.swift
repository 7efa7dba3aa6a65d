/// Which segments are worth compacting, in which jobs, and why the others are not. Pure.
package struct CompactionPlan: Sendable, Equatable {
  /// What the plan must know of a segment.
  struct Candidate: Sendable {
    var input: CompactionRecord.Input
    var file: String
    var isActive = false
    /// Why it can't be trusted, or why it was refused when it was tried.
    var problem: String?
    /// Pending and dead messages, of so many that stand in it.
    var live: UInt64 = 0
    var messages: UInt64 = 0
    /// Of all its messages' payloads, and of the file.
    var rawBytes: UInt64 = 0
    var storedBytes: UInt64 = 0
    var sequences: Range<Sequence> = 1..<1
    /// Delivered messages that the duplicate check still wants to know, at most.
    var remembered: UInt64 = 0
    /// The last error text of a live message stands in it.
    var hasNotes = false
    /// Messages in it ended lately: waiting may save the copy.
    var isChanging = false

    /// Payloads of the live ones, as if all were of a size.
    var liveBytes: UInt64 {
      guard messages > 0 else { return 0 }
      let (high, low) = rawBytes.multipliedFullWidth(by: min(live, messages))
      return messages.dividingFullWidth((high, low)).quotient
    }

    /// How much of what it takes is of use, in percent. A segment of the log counts with its header,
    /// so that small ones are merged, and with its outcomes, where they take more than the messages. A
    /// cold one is worth another copy only for messages that ended.
    var livePercent: UInt64 {
      guard input.kind == .wal else { return messages == 0 ? 0 : live * 100 / messages }
      let taken = max(rawBytes, storedBytes).addingCapped(FormatLimits.firstFrameOffset)
      return liveBytes / max(taken / 100, 1)
    }
  }

  struct Rules: Sendable {
    /// A segment with at most so much of it live is compacted…
    var livePercentMax: UInt64 = 30
    /// …and with so much when the disk is over 80 % full.
    var livePercentMaxUnderPressure: UInt64 = 60
    /// Smaller cold segments are merged, when there are so many.
    var coldSmall: UInt64 = 16 << 20
    var coldMergeMin = 4
    /// Bytes before compression that one job's output holds.
    var outputMax: UInt64 = 64 << 20
    var inputsMax = 64
    /// Each is read beside the others.
    var coldInputsMax = 16
    var isUnderPressure = false
    package init() {}
  }

  package struct Decision: Sendable, Equatable {
    package var file: String
    /// Which of the jobs it is an input of; nil: it is left alone.
    package var job: Int?
    package var why: String
    package init(file: String, job: Int?, why: String) {
      self.file = file
      self.job = job
      self.why = why
    }
  }

  /// A segment is worth it but for messages that end still: to be looked at again soon.
  package private(set) var waits = false
  /// In the order of the candidates.
  package private(set) var decisions: [Decision] = []
  /// Dense segments first, ascending.
  package private(set) var jobs: [[CompactionRecord.Input]] = []

  /// `candidates`: dense ones first, ascending.
  init(_ candidates: [Candidate], _ rules: Rules = Rules()) {
    let merged = Self.worthMerging(candidates, rules)
    var job = Job()
    for candidate in candidates {
      let (isInput, why) =
        merged.contains(candidate.input)
        ? (true, "small, merged with others") : Self.judge(candidate, rules)
      var decision = Decision(file: candidate.file, job: nil, why: why)
      if isInput {
        if !job.hasRoom(for: candidate, rules) {
          jobs.append(job.inputs)
          job = Job()
        }
        job.add(candidate)
        decision.job = jobs.count
      }
      decisions.append(decision)
      if !isInput, candidate.isChanging { waits = true }
    }
    if !job.inputs.isEmpty { jobs.append(job.inputs) }
  }

  private static func judge(_ segment: Candidate, _ rules: Rules) -> (Bool, String) {
    if segment.isActive { return (false, "active") }
    if let problem = segment.problem { return (false, problem) }
    guard segment.live > 0 else { return judgeFinished(segment) }
    let limit = rules.isUnderPressure ? rules.livePercentMaxUnderPressure : rules.livePercentMax
    let share =
      "\(segment.live) of \(segment.messages) messages live (\(segment.livePercent) % of its bytes)"
    guard segment.livePercent <= limit else { return (false, share) }
    return segment.isChanging ? (false, share + ", and messages end still") : (true, share)
  }

  private static func judgeFinished(_ segment: Candidate) -> (Bool, String) {
    if segment.hasNotes {
      // A cold one without messages is what such a copy leaves.
      let isWorthIt = segment.input.kind == .wal || segment.messages > 0
      return (isWorthIt, "finished, but for error texts of live messages")
    }
    guard segment.remembered > 0 else { return (false, "finished: it goes by itself") }
    return (true, "finished, but for what the duplicate check remembers")
  }

  /// Small cold segments, when there are enough of them. A larger one is left until the others
  /// together are as large as it is: else it would be written again for each little one.
  private static func worthMerging(
    _ candidates: [Candidate], _ rules: Rules
  ) -> Set<CompactionRecord.Input> {
    let small = candidates.filter {
      $0.input.kind == .cold && ($0.live > 0 || $0.hasNotes) && $0.problem == nil && !$0.isActive
        && $0.liveBytes < rules.coldSmall
    }.sorted { $0.liveBytes < $1.liveBytes }
    var best = 0
    var sum: UInt64 = 0
    for (index, segment) in small.enumerated() {
      if segment.liveBytes <= max(sum, 64 << 10) { best = index + 1 }
      sum += segment.liveBytes
    }
    return best >= rules.coldMergeMin ? Set(small[..<best].map(\.input)) : []
  }

  /// The inputs of one job.
  private struct Job {
    var inputs: [CompactionRecord.Input] = []
    private var cold = 0
    private var bytes: UInt64 = 0
    private var sequences: Range<Sequence>?

    func hasRoom(for candidate: Candidate, _ rules: Rules) -> Bool {
      guard !inputs.isEmpty else { return true }
      return inputs.count < rules.inputsMax
        && (candidate.input.kind == .wal || cold < rules.coldInputsMax)
        && bytes + Self.output(of: candidate) <= rules.outputMax
        && span(with: candidate) < SegmentState.spanMax
    }

    mutating func add(_ candidate: Candidate) {
      inputs.append(candidate.input)
      if candidate.input.kind == .cold { cold += 1 }
      bytes += Self.output(of: candidate)
      sequences = union(candidate.sequences)
    }

    private static func output(of candidate: Candidate) -> UInt64 {
      candidate.liveBytes + candidate.remembered * 32
    }

    private func span(with candidate: Candidate) -> UInt64 {
      let all = union(candidate.sequences)
      return all.upperBound - all.lowerBound
    }

    private func union(_ other: Range<Sequence>) -> Range<Sequence> {
      guard let sequences, !sequences.isEmpty else { return other }
      if other.isEmpty { return sequences }
      return min(
        sequences.lowerBound, other.lowerBound)..<max(sequences.upperBound, other.upperBound)
    }
  }
}
