import Testing

@testable import SegmentLog

@Suite("When a segment may go")
struct DropRuleTests {
  private func segment(
    _ id: UInt64, live: UInt64 = 0, dead: UInt64 = 0, active: Bool = false, damaged: Bool = false
  ) -> DropRule.Candidate {
    DropRule.Candidate(id: id, isActive: active, isDamaged: damaged, live: live, dead: dead)
  }

  @Test("acknowledged ones go, from the oldest on")
  func oldestFirst() {
    #expect(
      DropRule.reasons([segment(3), segment(4), segment(5, active: true)]) == [nil, nil, "active"])
  }

  @Test("a live message keeps its segment and all younger ones")
  func liveKeeps() {
    #expect(
      DropRule.reasons([segment(3), segment(4, live: 3), segment(5), segment(6, active: true)])
        == [nil, "3 live messages", "segment 4 before it is kept", "active"])
  }

  @Test("a dead letter is as good as a live message")
  func deadKeeps() {
    #expect(
      DropRule.reasons([segment(1, live: 1, dead: 1), segment(2, active: true)])
        == ["1 live message (1 dead)", "active"])
  }

  @Test("a damaged segment stays, and so do all younger ones")
  func damageKeeps() {
    #expect(
      DropRule.reasons([segment(1, damaged: true), segment(2), segment(3, active: true)])
        == ["damaged", "segment 1 before it is kept", "active"])
  }
}
