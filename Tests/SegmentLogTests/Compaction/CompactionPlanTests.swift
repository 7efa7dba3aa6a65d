import Testing

@testable import SegmentLog

@Suite("The plan of a compaction")
struct CompactionPlanTests {
  private func candidate(
    _ id: UInt64, _ kind: SegmentHeader.Kind = .wal, live: UInt64, of messages: UInt64 = 1000,
    bytes: UInt64 = 64 << 20
  ) -> CompactionPlan.Candidate {
    CompactionPlan.Candidate(
      input: .init(kind: kind, id: id), file: FileNames.segment(kind, id), live: live,
      messages: messages, rawBytes: bytes, storedBytes: bytes / 2,
      sequences: id * 1000..<(id + 1) * 1000)
  }

  private func inputs(_ plan: CompactionPlan) -> [[UInt64]] { plan.jobs.map { $0.map(\.id) } }

  @Test("a segment is compacted when at most 30 % of it live, 60 % when space is short")
  func share() {
    let segments = [candidate(1, live: 300), candidate(2, live: 320), candidate(3, live: 620)]
    #expect(inputs(CompactionPlan(segments)) == [[1]])
    var rules = CompactionPlan.Rules()
    rules.isUnderPressure = true
    rules.outputMax = 1 << 30
    #expect(inputs(CompactionPlan(segments, rules)) == [[1, 2]])
    let decisions = CompactionPlan(segments).decisions
    #expect(decisions.map(\.job) == [0, nil, nil])
    #expect(decisions[1].why == "320 of 1000 messages live (31 % of its bytes)")
  }

  @Test("outcomes count where they take more than the messages, and so does the header")
  func whatIsTaken() {
    var outcomes = candidate(1, live: 1000, bytes: 1 << 20)
    outcomes.storedBytes = 60 << 20
    #expect(inputs(CompactionPlan([outcomes])) == [[1]])
    #expect(inputs(CompactionPlan([candidate(1, live: 2, of: 2, bytes: 1000)])) == [[1]])
    #expect(inputs(CompactionPlan([candidate(1, live: 2, of: 2, bytes: 100_000)])).isEmpty)
  }

  @Test("the active, the damaged and the refused are left alone, and so is one that changes")
  func leftAlone() {
    var segments = (1...4).map { candidate($0, live: 1) }
    segments[0].problem = "damaged"
    segments[1].problem = "it holds control records"
    segments[2].isChanging = true
    segments[3].isActive = true
    let plan = CompactionPlan(segments)
    #expect(plan.jobs.isEmpty)
    #expect(plan.decisions.map(\.why)[0...1] == ["damaged", "it holds control records"])
    #expect(plan.decisions[2].why.hasSuffix("and messages end still"))
    #expect(plan.decisions[3].why == "active")
  }

  @Test("a finished one needs no job, unless something of it is still wanted")
  func finished() {
    var segments = (1...3).map { candidate($0, live: 0) }
    segments[1].remembered = 10
    segments[2].hasNotes = true
    let plan = CompactionPlan(segments)
    #expect(inputs(plan) == [[2, 3]])
    #expect(plan.decisions[0].why == "finished: it goes by itself")
  }

  @Test("small cold segments are merged when there are enough that are alike")
  func smallCold() {
    func plan(_ sizes: [UInt64], min: Int = 4) -> [[UInt64]] {
      var rules = CompactionPlan.Rules()
      rules.coldMergeMin = min
      return inputs(
        CompactionPlan(
          sizes.enumerated().map {
            candidate(UInt64($0 + 1), .cold, live: 1000, bytes: $1 << 20)
          }, rules))
    }
    #expect(plan([1, 1, 1]).isEmpty)
    #expect(plan([1, 1, 1, 1]) == [[1, 2, 3, 4]])
    #expect(plan([1, 1], min: 2) == [[1, 2]])
    // The last is larger than those before it together.
    #expect(plan([1, 1, 1, 4]).isEmpty)
    func tiny(_ count: Int) -> [CompactionPlan.Candidate] {
      (1...count).map { candidate(UInt64($0), .cold, live: 1000, bytes: 60_000) }
    }
    #expect(inputs(CompactionPlan(tiny(3))).isEmpty)
    #expect(inputs(CompactionPlan(tiny(4))) == [[1, 2, 3, 4]])
    // One that is larger than the rest together waits.
    let large = candidate(9, .cold, live: 1000, bytes: 10 << 20)
    #expect(inputs(CompactionPlan(tiny(4) + [large])) == [[1, 2, 3, 4]])
    let medium = candidate(9, .cold, live: 1000, bytes: 200_000)
    #expect(inputs(CompactionPlan(tiny(4) + [medium])) == [[1, 2, 3, 4, 9]])
    // Not small.
    let full = (1...5).map { candidate($0, .cold, live: 1000, bytes: 16 << 20) }
    #expect(inputs(CompactionPlan(full)).isEmpty)
  }

  @Test("one job's output stays within a segment, its inputs within what can be read at once")
  func jobs() {
    let segments = (1...10).map { candidate($0, live: 250) }
    #expect(inputs(CompactionPlan(segments)) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]])
    var rules = CompactionPlan.Rules()
    rules.inputsMax = 3
    #expect(inputs(CompactionPlan(segments, rules)).map(\.count) == [3, 3, 3, 1])
    let cold = (1...40).map { candidate($0, .cold, live: 10, bytes: 1 << 20) }
    #expect(inputs(CompactionPlan(cold)).map(\.count) == [16, 16, 8])
    var far = candidate(2, live: 1)
    far.sequences = 1 << 33..<(1 << 33) + 10
    #expect(inputs(CompactionPlan([candidate(1, live: 1), far])) == [[1], [2]])
  }
}
