/// How many live messages stand in each file, counted window by window.
struct SurveyTally {
  private let chain: LogChain
  private let bounds: LogBounds
  /// Of the chain's files, segments first.
  private(set) var live: [UInt64]
  /// Of those the dead ones.
  private(set) var dead: [UInt64]
  /// Messages before the oldest segment that ended in frames that stand.
  private(set) var endedBefore: UInt64 = 0

  init(_ chain: LogChain) {
    self.chain = chain
    bounds = LogBounds(chain)
    live = [UInt64](repeating: 0, count: chain.files.count)
    dead = live
  }

  mutating func add(_ window: StateWindow, on disk: any Disk) {
    for (index, range) in bounds.ranges.enumerated() {
      live[index] += window.count(in: range, where: \.keepsSegment)
      dead[index] += window.count(in: range) { $0.keepsSegment && $0.state == .dead }
    }
    let counts = FilePass.run(chain.colds) { Self.count(in: $0, window, disk) }
    for (index, count) in counts.enumerated() {
      live[chain.segments.count + index] += count.live
      dead[chain.segments.count + index] += count.dead
    }
    if let below = bounds.below { endedBefore += window.count(in: below) { !$0.isLive } }
  }

  /// Its sequences have gaps, so they are read once more.
  private static func count(
    in segment: SegmentFile, _ window: StateWindow, _ disk: any Disk
  ) -> (live: UInt64, dead: UInt64) {
    var live: UInt64 = 0
    var dead: UInt64 = 0
    var summary = FrameSummary()
    _ = try? SegmentWalk.run(segment, on: disk, depth: .heads) {
      (step, scanner) throws(DiskError) in
      guard case .frame(var frame) = step else { return }
      try summary.read(&frame, scanner)
      for sequence in summary.sparse where window.holds(sequence) && window[sequence].isLive {
        live += 1
        if window[sequence].state == .dead { dead += 1 }
      }
    }
    return (live, dead)
  }
}

extension [SegmentFile] {
  /// Names of those that another one was made of: their messages stand there now.
  func superseded(by digests: [FileDigest]) -> Set<String> {
    let colds = Set(map(\.id))
    var names: Set<String> = []
    for record in digests.flatMap(\.compactions) {
      guard let cold = record.cold, colds.contains(cold) else { continue }
      for input in record.inputs where input.kind == .cold {
        names.insert(FileNames.cold(input.id))
      }
    }
    return names
  }
}

extension Array {
  func partitioned(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
    (filter(isFirst), filter { !isFirst($0) })
  }
}
