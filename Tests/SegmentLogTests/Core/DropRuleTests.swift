import Testing

@testable import SegmentLog

/// A segment that may go, and one thing at a time that keeps it.
@Suite("When a segment may go")
struct DropRuleTests {
  private let finished = DropRule.Candidate(file: .wal(3), end: 20_000)
  private let kept = [
    Self.checkpoint(8, at: 5, 9_000), Self.checkpoint(7, at: 4, 30_000),
  ]

  private static func checkpoint(
    _ number: UInt64, at segment: UInt64, _ offset: UInt64,
    needs: [LogFile: CheckpointNeed] = [:]
  ) -> KeptCheckpoint {
    KeptCheckpoint(
      number: number,
      position: LogPosition(
        segment: segment, offset: offset, frameOffset: 0, frameCRC: 0, nextFrameNumber: 1),
      needs: needs)
  }

  @Test("finished, and needed by neither of two checkpoints behind it: it goes, wherever it stands")
  func goes() {
    #expect(DropRule.reason(finished, kept: kept) == nil)
  }

  @Test("the active one stays")
  func active() {
    var segment = finished
    segment.isActive = true
    #expect(DropRule.reason(segment, kept: kept) == .active)
  }

  @Test("a damaged one stays, as evidence")
  func damaged() {
    var segment = finished
    segment.isDamaged = true
    #expect(DropRule.reason(segment, kept: kept) == .damaged)
  }

  @Test("one with a live message stays; a dead letter is as good as a live message")
  func live() {
    var segment = finished
    (segment.live, segment.dead) = (3, 1)
    #expect(DropRule.reason(segment, kept: kept) == .live(3, dead: 1))
    #expect(KeepReason.live(3, dead: 1).description == "3 live messages (1 dead)")
    #expect(KeepReason.live(1, dead: 0).description == "1 live message")
  }

  @Test("one checkpoint is not enough: it may be hit by damage", arguments: [0, 1])
  func twoCheckpoints(count: Int) {
    #expect(DropRule.reason(finished, kept: Array(kept.prefix(count))) == .awaitsCheckpoint)
  }

  @Test("one that ends behind the position of either stays: a start would read on there")
  func position() {
    let before = Self.checkpoint(7, at: 3, 19_999)
    #expect(DropRule.reason(finished, kept: [kept[0], before]) == .awaitsCheckpoint)
    #expect(DropRule.reason(finished, kept: [before, kept[1]]) == .awaitsCheckpoint)
    let exactly = Self.checkpoint(7, at: 3, 20_000)
    #expect(DropRule.reason(finished, kept: [kept[0], exactly]) == nil)
    let earlier = Self.checkpoint(7, at: 2, 50_000)
    #expect(DropRule.reason(finished, kept: [kept[0], earlier]) == .awaitsCheckpoint)
  }

  @Test("one that either needs stays", arguments: [CheckpointNeed.live, .position, .damage])
  func needed(need: CheckpointNeed) {
    let newer = Self.checkpoint(8, at: 5, 9_000, needs: [.wal(3): need])
    let older = Self.checkpoint(7, at: 4, 30_000, needs: [.wal(3): need])
    #expect(DropRule.reason(finished, kept: [newer, kept[1]]) == .awaitsCheckpoint)
    #expect(DropRule.reason(finished, kept: [kept[0], older]) == .awaitsCheckpoint)
  }

  @Test("one with the last error of a live message stays for as long as that lives")
  func note() {
    let newer = Self.checkpoint(8, at: 5, 9_000, needs: [.wal(3): .note])
    #expect(DropRule.reason(finished, kept: [newer, kept[1]]) == .note)
    #expect(DropRule.reason(finished, kept: [newer, newer]) == .note)
    // The next checkpoint makes it go.
    let older = Self.checkpoint(7, at: 4, 30_000, needs: [.wal(3): .note])
    #expect(DropRule.reason(finished, kept: [kept[0], older]) == .awaitsCheckpoint)
  }

  @Test("one that a compaction reads stays until it is done")
  func isBeingRead() {
    var segment = finished
    segment.isBeingRead = true
    #expect(DropRule.reason(segment, kept: kept) == .isBeingRead)
  }

  @Test(
    "what was put in force behind the position of either stays: a start would look for it there")
  func inForce() {
    var newer = kept[0]
    var older = kept[1]
    (newer.nextCold, newer.nextDedup) = (5, 3)
    (older.nextCold, older.nextDedup) = (4, 2)
    #expect(DropRule.reason(DropRule.Candidate(file: .cold(3)), kept: [newer, older]) == nil)
    #expect(
      DropRule.reason(DropRule.Candidate(file: .cold(4)), kept: [newer, older])
        == .awaitsCheckpoint)
    #expect(DropRule.reason(DropRule.Candidate(file: .dedup(1)), kept: [newer, older]) == nil)
    #expect(
      DropRule.reason(DropRule.Candidate(file: .dedup(2)), kept: [newer, older])
        == .awaitsCheckpoint)
    older.needs = [.dedup(1): .remembered]
    #expect(
      DropRule.reason(DropRule.Candidate(file: .dedup(1)), kept: [newer, older])
        == .awaitsCheckpoint)
  }

  @Test("what other segments hold doesn't matter")
  func others() {
    let newer = Self.checkpoint(
      8, at: 5, 9_000, needs: [.wal(1): .live, .wal(2): .note, .cold(3): .live])
    #expect(DropRule.reason(finished, kept: [newer, kept[1]]) == nil)
  }
}
