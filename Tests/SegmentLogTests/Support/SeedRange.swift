import Glibc

/// Which seeds a random test runs. `DISPATCHER_SEEDS` says it: a number (20000 is 1 to 20 000) or a
/// range (20001-30000); `DISPATCHER_SEED` is a single one, to see a failure again.
struct SeedRange: Equatable {
  var seeds: ClosedRange<UInt64>

  /// Nil when the text is neither a number above zero nor a range.
  init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
    switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
    case (1, let last?, _) where last > 0: seeds = 1...last
    case (2, let first?, let last?) where first <= last: seeds = first...last
    default: return nil
    }
  }

  init(first: UInt64, last: UInt64) { seeds = first...last }

  /// What the environment asks for, or else the first `count`.
  static func wanted(orFirst count: UInt64) -> SeedRange {
    if let text = getenv("DISPATCHER_SEED"), let seed = UInt64(String(cString: text)) {
      return SeedRange(first: seed, last: seed)
    }
    guard let text = getenv("DISPATCHER_SEEDS") else { return SeedRange(first: 1, last: count) }
    guard let range = SeedRange(String(cString: text)) else {
      preconditionFailure("DISPATCHER_SEEDS is neither a number nor a range of numbers")
    }
    return range
  }

  /// The seeds of one of `parts` equal shares, so that the test runs them beside each other. The
  /// shares are interleaved: a short range is still spread over all of them.
  func share(_ part: Int, of parts: Int) -> StrideThrough<UInt64> {
    stride(from: seeds.lowerBound + UInt64(part), through: seeds.upperBound, by: parts)
  }
}
