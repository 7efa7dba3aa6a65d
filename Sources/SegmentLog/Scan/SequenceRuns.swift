/// Sequences as runs, of which a limited number is kept: what stands out of a log of any size.
package struct SequenceRuns: Sendable, Equatable {
  package static let runsMax = 1000

  /// Ascending and apart from each other.
  package private(set) var runs: [ClosedRange<Sequence>] = []

  /// How many sequences are named.
  package var count: UInt64 { runs.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) + 1 } }

  package init() {}

  /// Nearly always they come in order.
  mutating func add(_ sequence: Sequence) {
    guard let last = runs.last, sequence != .max else {
      if sequence != .max { runs.append(sequence...sequence) }
      return
    }
    if last.contains(sequence) { return }
    if sequence == last.upperBound + 1 {
      runs[runs.count - 1] = last.lowerBound...sequence
    } else if sequence > last.upperBound {
      if runs.count < Self.runsMax { runs.append(sequence...sequence) }
    } else {
      unite([sequence...sequence])
    }
  }

  mutating func add(_ other: SequenceRuns) { unite(other.runs) }

  private mutating func unite(_ others: [ClosedRange<Sequence>]) {
    var united: [ClosedRange<Sequence>] = []
    for run in (runs + others).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = united.last, run.lowerBound <= last.upperBound + 1 {
        united[united.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
      } else if united.count < Self.runsMax {
        united.append(run)
      }
    }
    runs = united
  }
}
