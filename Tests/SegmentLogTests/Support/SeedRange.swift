import Glibc

/// Which seeds a random test runs. `DISPATCHER_SEEDS` says it: a number (20000 is 1 to 20 000) or a
/// range (20001-30000); `DISPATCHER_SEED` is a single one, to see a failure again. A test with other
/// things to count has variables of its own.
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

  /// The variables that say one seed, and several.
  enum Names: String {
    case seeds = "DISPATCHER_SEED DISPATCHER_SEEDS"
    case directories = "DISPATCHER_DIRECTORY DISPATCHER_DIRECTORIES"
    var one: String { String(rawValue.split(separator: " ")[0]) }
    var several: String { String(rawValue.split(separator: " ")[1]) }
  }

  /// What the environment asks for, or else the first `count`.
  static func wanted(_ names: Names = .seeds, orFirst count: UInt64) -> SeedRange {
    if let text = getenv(names.one), let seed = UInt64(String(cString: text)) {
      return SeedRange(first: seed, last: seed)
    }
    guard let text = getenv(names.several) else { return SeedRange(first: 1, last: count) }
    guard let range = SeedRange(String(cString: text)) else {
      preconditionFailure("\(names.several) is neither a number nor a range of numbers")
    }
    return range
  }

  var isSingle: Bool { seeds.count == 1 }

  /// The seeds of one of `parts` equal shares, so that the test runs them beside each other. The
  /// shares are interleaved: a short range is still spread over all of them.
  func share(_ part: Int, of parts: Int) -> StrideThrough<UInt64> {
    stride(from: seeds.lowerBound + UInt64(part), through: seeds.upperBound, by: parts)
  }
}
