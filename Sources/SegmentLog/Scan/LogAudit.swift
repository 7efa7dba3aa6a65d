/// The accounting of a store from its directory alone: accepted = delivered + dead + cancelled +
/// pending. What ended is told by the books (the totals in a segment's header, and the outcomes
/// behind it); what is pending or dead is counted where it stands. So the two check each other.
package struct LogAudit: Sendable {
  package private(set) var accepted: UInt64 = 0
  package private(set) var delivered: UInt64 = 0
  package private(set) var dead: UInt64 = 0
  package private(set) var cancelled: UInt64 = 0
  package private(set) var pending: UInt64 = 0
  /// Accepted, in no readable frame, and without an end.
  package private(set) var unaccounted: UInt64 = 0
  /// Of those cancelled, how many were lost to damage and given up.
  package var givenUp: UInt64 { min(max(chain.accepted?.lost ?? 0, lost.count), cancelled) }
  /// Those of them whose numbers are known, the first `SequenceRuns.runsMax` runs of them.
  package private(set) var lost = SequenceRuns()
  /// Their sequences, the first `rangesMax` runs of them.
  package private(set) var ranges: [ClosedRange<Sequence>] = []
  package private(set) var furtherRanges = 0
  /// Of the unaccounted, those of segments before the oldest that stands, which can't be named.
  package private(set) var unnamed: UInt64 = 0
  package private(set) var chain: LogChain

  package static let rangesMax = 1000

  /// Nothing is missing, and the sum is right.
  package var closes: Bool { unaccounted == 0 && difference == 0 }

  /// What is counted beyond what was accepted (or below, when negative): ends that were lost.
  package var difference: Int64 {
    let sum = delivered &+ dead &+ cancelled &+ pending &+ unaccounted
    return Int64(bitPattern: sum &- accepted)
  }

  package init(
    of disk: any Disk, windowBytes: Int = StateWindow.bytesMaxDefault,
    progress: @escaping PassProgress = { _, _ in }
  ) throws(DiskError) {
    // A compacted segment's header has no part in the books.
    chain = try LogChain.read(disk).adopting([.cold], on: disk)
    let bounds = LogBounds(chain)
    var tally = Tally(checkpoint: chain.checkpoint)
    let digests = LogWindows(chain, on: disk, bytesMax: windowBytes)
      .forEach(.heads, progress: progress) { tally.add($0, bounds) }
      .digests
    findLost(digests)
    guard let first = chain.segments.first, let last = chain.segments.last else { return }
    let lastSequence = Self.lastSequence(chain, digests)
    accepted = lastSequence.subtractingCapped(last.header.skipped)
    findGaps(tally, upTo: lastSequence)
    tally.endedBelow = digests.reduce(tally.endedBelow) { $0.addingCapped($1.givenUp) }
    close(first: first.header, last: last.header, digests[chain.segments.count - 1], tally)
  }

  private mutating func findLost(_ digests: [FileDigest]) {
    for digest in digests { lost.add(digest.lostSequences) }
    // Frames that told of them may have been dropped.
    guard !chain.isWhole else { return }
    chain.checkpoint?.forEachEnd { sequence, state, _, status in
      if state == .cancelled && status == OutcomeRecord.lostStatus { lost.add(sequence) }
    }
  }

  private static func lastSequence(_ chain: LogChain, _ digests: [FileDigest]) -> Sequence {
    var last: Sequence = 0
    for (segment, digest) in zip(chain.segments, digests) {
      last = max(last, segment.header.firstSequence - 1, segment.successor?.lastSequence ?? 0)
      if let next = digest.verdict?.nextSequence { last = max(last, next &- 1) }
      last = max(last, digest.lastSequence ?? 0)
    }
    return last
  }

  private mutating func close(
    first: SegmentHeader, last: SegmentHeader, _ digest: FileDigest, _ tally: Tally
  ) {
    delivered = last.totals.delivered &+ digest.delivered
    cancelled = last.totals.cancelled &+ digest.cancelled &+ digest.givenUp
    dead = tally.dead
    pending = tally.pending
    let live = first.totals.accepted &- first.totals.delivered &- first.totals.cancelled
    if chain.checkpoint == nil { unnamed = live.subtractingCapped(tally.endedBelow) }
    unaccounted += unnamed
  }

  /// Numbers that no message ever had are nothing that is missing.
  private mutating func findGaps(_ tally: Tally, upTo last: Sequence) {
    let skipped = Self.skipped(chain)
    for gap in tally.gaps where gap.lowerBound <= last {
      var from = gap.lowerBound
      let end = min(gap.upperBound, last)
      for range in skipped where range.upperBound >= from && range.lowerBound <= end {
        if range.lowerBound > from { add(from...(range.lowerBound - 1)) }
        from = range.upperBound + 1
      }
      if from <= end { add(from...end) }
    }
    furtherRanges += tally.furtherGaps
    unaccounted += tally.furtherMissing
  }

  /// What the headers count less than they number, before each segment: a start that could not tell
  /// how far the one before went left the numbers out that it may have given.
  private static func skipped(_ chain: LogChain) -> [ClosedRange<Sequence>] {
    zip(chain.segments, chain.segments.dropFirst()).compactMap { segment, next in
      let count = next.header.skipped.subtractingCapped(segment.header.skipped)
      let first = next.header.firstSequence
      return count > 0 && count < first ? (first - count)...(first - 1) : nil
    }
  }

  private mutating func add(_ range: ClosedRange<Sequence>) {
    unaccounted += range.upperBound - range.lowerBound + 1
    ranges.append(range)
  }

  /// What is counted window by window.
  private struct Tally {
    let checkpoint: Checkpoint?
    var pending: UInt64 = 0
    var dead: UInt64 = 0
    var endedBelow: UInt64 = 0
    var gaps: [ClosedRange<Sequence>] = []
    var furtherGaps = 0
    var furtherMissing: UInt64 = 0

    mutating func add(_ window: StateWindow, _ bounds: LogBounds) {
      // With a checkpoint every sequence is known; without one, those of the segments that stand.
      guard let first = bounds.ranges.first?.lowerBound else { return }
      let standing = (checkpoint == nil ? first : 1)...Sequence.max
      window.forEach(in: standing) { facts in
        guard facts.isStanding else { return }
        if facts.state == .pending { pending += 1 } else if facts.state == .dead { dead += 1 }
      }
      if checkpoint == nil, let below = bounds.below {
        endedBelow += window.count(in: below) { !$0.isLive }
      }
      window.forEachRun(in: standing, where: { !$0.isStanding && $0.isLive }) { gap in
        if let checkpoint {
          checkpoint.unended(in: gap) { add($0) }
        } else {
          add(gap)
        }
      }
    }

    private mutating func add(_ gap: ClosedRange<Sequence>) {
      if let last = gaps.last, last.upperBound + 1 == gap.lowerBound {
        gaps[gaps.count - 1] = last.lowerBound...gap.upperBound
      } else if gaps.count < LogAudit.rangesMax || gap.upperBound == .max - 1 {
        gaps.append(gap)
      } else {
        furtherGaps += 1
        furtherMissing += gap.upperBound - gap.lowerBound + 1
      }
    }
  }
}

extension SegmentHeader {
  /// Numbers before its first that were never given to a message that counts.
  fileprivate var skipped: UInt64 { (firstSequence - 1).subtractingCapped(totals.accepted) }
}
