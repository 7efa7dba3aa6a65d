import Testing

@testable import SegmentLog

@Suite("A window on sequences")
struct SequenceWindowTests {
  private typealias Window = SequenceWindow<UInt8>

  private func runs(
    _ window: Window, in range: ClosedRange<Sequence>, where isMatch: (UInt8) -> Bool
  ) -> [ClosedRange<Sequence>] {
    var runs: [ClosedRange<Sequence>] = []
    window.forEachRun(in: range, where: isMatch) { runs.append($0) }
    return runs
  }

  @Test("what was set is found, everything else is empty")
  func cells() {
    var window = Window(from: 1, empty: 0, bytesMax: 1 << 20)
    window.update(7) { $0 = 1 }
    window.update(first: 4000, count: 5000) { $0 += 2 }
    window.update(first: 4095, count: 2) { $0 += 1 }
    #expect([6, 7, 8, 3999].map { window[$0] } == [0, 1, 0, 0])
    #expect(
      [4000, 4094, 4095, 4096, 4097, 8999, 9000].map { window[$0] } == [2, 2, 3, 3, 2, 2, 0])
    #expect(window.count(in: 1...100_000) { $0 >= 2 } == 5000)
    #expect(window.count(in: 8999...9001) { $0 >= 2 } == 1)
    #expect(window.upper == .max)
  }

  @Test("runs go across chunks, and over what was never set")
  func runs() {
    var window = Window(from: 1, empty: 0, bytesMax: 1 << 20)
    window.update(first: 10, count: 10_000) { $0 = 1 }
    window.update(500_000) { $0 = 1 }
    #expect(runs(window, in: 1...600_000) { $0 == 1 } == [10...10_009, 500_000...500_000])
    #expect(
      runs(window, in: 1...600_000) { $0 == 0 }
        == [1...9, 10_010...499_999, 500_001...600_000])
    #expect(runs(window, in: 5...5) { $0 == 0 } == [5...5])
    let last = Sequence.max - 1
    #expect(runs(window, in: 500_000...Sequence.max) { $0 == 0 } == [500_001...last])
  }

  @Test("when memory ends the highest are given up, and further windows hold them")
  func bounded() {
    let sequences = (0..<20).map { Sequence($0) * 10_000 + 5 }.shuffled()
    var found: [Sequence] = []
    var from: Sequence = 1
    var passes = 0
    while from < .max {
      var window = Window(from: from, empty: 0, bytesMax: 4 * 4096)
      for sequence in sequences { window.update(sequence) { $0 = 1 } }
      // Nothing that was given up comes back.
      for sequence in sequences { window.update(sequence) { $0 |= 2 } }
      let part = runs(window, in: 1...Sequence.max) { $0 == 3 }.map(\.lowerBound)
      #expect(!part.isEmpty && part.count <= 4)
      found += part
      from = window.upper
      passes += 1
    }
    #expect(found == sequences.sorted())
    #expect((5...10).contains(passes))
  }

  @Test("the highest sequences there can be are no trouble")
  func extremes() {
    var window = Window(from: 1, empty: 0, bytesMax: 0)
    window.update(first: .max - 3, count: 100) { $0 = 1 }
    window.update(.max - 1) { $0 = 2 }
    window.update(.max) { $0 = 3 }
    #expect(window[.max - 1] == 2 && window[.max - 3] == 1)
    #expect(window.count(in: 1...Sequence.max) { $0 > 0 } == 3)
    window.update(first: 0, count: 2) { $0 = 1 }
    #expect(window[0] == 0 && window[1] == 1)
    window.update(first: 1, count: 0) { $0 = 9 }
    #expect(window[1] == 1)
  }

  @Test("of a message's states the latest in its life counts, whatever order they come in")
  func states() {
    var facts = SequenceFacts.inLog
    for state in [MessageState.dead, .pending, .cancelled, .dead] { facts.state = state }
    #expect(facts.state == .cancelled && facts.isStanding && !facts.isLive && !facts.keepsSegment)
    var dead = SequenceFacts.inLog
    dead.state = .dead
    #expect(dead.isLive && dead.keepsSegment)
    #expect(!dead.union(.inCold).keepsSegment)
    #expect(SequenceFacts().isLive && !SequenceFacts().isStanding)
  }
}

@Suite("A histogram")
struct HistogramTests {
  @Test("quantiles are right to 1.6 %, from zero to the largest number")
  func quantiles() {
    var histogram = Histogram()
    #expect(histogram.quantile(0.5) == 0)
    for value in 0...100_000 as ClosedRange<UInt64> { histogram.add(value) }
    for part in [0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = part * 100_000
      let found = Double(histogram.quantile(part))
      #expect(abs(found - exact) <= exact * 0.016 + 1, "\(part): \(found)")
    }
    #expect(histogram.max == 100_000 && histogram.count == 100_001)
    #expect(histogram.mean == 50_000)
    var large = Histogram()
    large.add(.max)
    large.add(1 << 63)
    #expect(large.quantile(1) == .max)
    #expect(large.quantile(0.1) >= 1 << 63)
  }

  @Test("two that were counted apart are as one")
  func sum() {
    var random = SplitMix64(seed: 5)
    var (left, right, both) = (Histogram(), Histogram(), Histogram())
    for index in 0..<1000 {
      let value = random.next() >> (random.next() % 64)
      both.add(value)
      if index % 3 == 0 { left.add(value) } else { right.add(value) }
    }
    left.add(right)
    #expect(left.count == both.count && left.max == both.max)
    for part in [0.1, 0.5, 0.9, 1] { #expect(left.quantile(part) == both.quantile(part)) }
  }
}
