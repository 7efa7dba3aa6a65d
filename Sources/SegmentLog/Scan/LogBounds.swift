/// Which sequences the segments of a chain can hold, by what their headers say.
struct LogBounds: Sendable {
  /// For each segment. Empty ones hold nothing.
  let ranges: [ClosedRange<Sequence>]
  /// What stood before the oldest segment; nil when nothing did.
  let below: ClosedRange<Sequence>?

  init(_ chain: LogChain) {
    let firsts = chain.segments.map(\.header.firstSequence)
    ranges = firsts.indices.map { index in
      let end = index + 1 < firsts.count ? firsts[index + 1] : .max
      return firsts[index]...max(end - 1, firsts[index])
    }
    below = firsts.first.flatMap { $0 > 1 ? 1...($0 - 1) : nil }
  }
}
