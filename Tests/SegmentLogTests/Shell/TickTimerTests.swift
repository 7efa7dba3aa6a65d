import Testing

@testable import SegmentLog

@Suite("The tick's timer")
struct TickTimerTests {
  private static let second: UInt64 = 1_000_000_000

  @Test("a due time becomes a deadline once")
  func deadline() {
    var timer = TickTimer()
    timer.update(due: 5_000, nowMs: 4_000, monotonic: 10 * Self.second)
    #expect(timer.deadline == 11 * Self.second)
    // The same due time later, after the wall clock was stepped back: nothing moves.
    timer.update(due: 5_000, nowMs: 1_000, monotonic: 10 * Self.second + 5)
    #expect(timer.deadline == 11 * Self.second)
    #expect(timer.takeDue(nowMs: 1_000, monotonic: 10 * Self.second) == nil)
    #expect(timer.takeDue(nowMs: 1_000, monotonic: 11 * Self.second) == 5_000)
    #expect(timer.deadline == nil)
  }

  @Test("nothing due is no deadline")
  func nothing() {
    var timer = TickTimer()
    timer.update(due: 5_000, nowMs: 4_000, monotonic: 0)
    timer.update(due: nil, nowMs: 4_000, monotonic: 0)
    #expect(timer.deadline == nil)
    #expect(timer.takeDue(nowMs: 9_000, monotonic: 99 * Self.second) == nil)
  }

  @Test("the tick's time is the wall clock's when that is later")
  func late() {
    var timer = TickTimer()
    timer.update(due: 5_000, nowMs: 6_000, monotonic: Self.second)
    #expect(timer.deadline == Self.second)
    #expect(timer.takeDue(nowMs: 6_000, monotonic: Self.second) == 6_000)
  }

  @Test("a core that is never content is ticked with pauses")
  func pauses() {
    var timer = TickTimer()
    timer.update(due: 1, nowMs: 2, monotonic: Self.second)
    #expect(timer.takeDue(nowMs: 2, monotonic: Self.second) == 2)
    timer.update(due: 1, nowMs: 2, monotonic: Self.second)
    #expect(timer.deadline == Self.second + 10_000_000)
  }
}
