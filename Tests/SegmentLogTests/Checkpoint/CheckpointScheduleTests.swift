import Testing

@testable import SegmentLog

@Suite("When a checkpoint is due")
struct CheckpointScheduleTests {
  private let now: UInt64 = 1_700_000_000_000

  private func kept(_ number: UInt64) -> KeptCheckpoint {
    KeptCheckpoint(
      number: number,
      position: LogPosition(
        segment: 1, offset: 8192, frameOffset: 0, frameCRC: 0, nextFrameNumber: 1), needs: [:])
  }

  private func schedule(changed: Bool = false) -> CheckpointSchedule {
    CheckpointSchedule(kept: [], nextNumber: 1, hasChanged: changed, nowMs: now)
  }

  @Test("nothing is due while nothing has changed")
  func unchanged() {
    #expect(schedule().dueMs(nowMs: now) == nil)
  }

  @Test("a quiet second after a change")
  func quiet() {
    var schedule = schedule()
    schedule.wrote(bytes: 100, records: 1, nowMs: now)
    #expect(schedule.dueMs(nowMs: now) == now + 1000)
    schedule.wrote(bytes: 100, records: 1, nowMs: now + 900)
    #expect(schedule.dueMs(nowMs: now + 900) == now + 1900)
    // A witness is no change.
    schedule.wrote(bytes: 64, records: 0, nowMs: now + 1800)
    #expect(schedule.dueMs(nowMs: now + 1800) == now + 1900)
  }

  @Test("half a minute after the last one when there is no rest")
  func busy() {
    var schedule = schedule()
    #expect(schedule.begin(nowMs: now) == 1)
    #expect(schedule.dueMs(nowMs: now) == nil)
    schedule.written(kept(1), bytes: 1000)
    for step in 1...60 as ClosedRange<UInt64> {
      schedule.wrote(bytes: 100, records: 1, nowMs: now + step * 500)
    }
    #expect(schedule.dueMs(nowMs: now + 30_000) == now + 30_000)
  }

  @Test("half a minute after the start when there is no rest before the first one")
  func busyFromTheStart() {
    var schedule = schedule()
    for step in 1...59 as ClosedRange<UInt64> {
      let at = now + step * 500
      schedule.wrote(bytes: 100, records: 1, nowMs: at)
      #expect(schedule.dueMs(nowMs: at) == min(at + 1000, now + 30_000))
    }
    #expect(schedule.begin(nowMs: now + 30_000) == 1)
  }

  @Test("at once after 64 MiB of log, or four times what the last one took")
  func bytes() {
    var schedule = schedule()
    schedule.wrote(bytes: 64 << 20, records: 1, nowMs: now)
    #expect(schedule.dueMs(nowMs: now) == now)
    _ = schedule.begin(nowMs: now)
    schedule.written(kept(1), bytes: 32 << 20)
    let later = now + 10_000
    schedule.wrote(bytes: 100 << 20, records: 1, nowMs: later)
    #expect(schedule.dueMs(nowMs: later) == later + 1000)
    schedule.wrote(bytes: 28 << 20, records: 1, nowMs: later)
    #expect(schedule.dueMs(nowMs: later) == later)
  }

  @Test("a large one takes its rest before the next")
  func large() {
    var schedule = schedule(changed: true)
    _ = schedule.begin(nowMs: now)
    schedule.written(kept(1), bytes: 800 << 20)
    schedule.wrote(bytes: 100, records: 1, nowMs: now + 1)
    #expect(schedule.dueMs(nowMs: now + 1) == now + 102_400)
  }

  @Test("changes during the writing belong to the next")
  func meanwhile() {
    var schedule = schedule(changed: true)
    _ = schedule.begin(nowMs: now)
    schedule.wrote(bytes: 100, records: 1, nowMs: now + 1)
    schedule.written(kept(1), bytes: 1000)
    #expect(schedule.hasChanged)
    #expect(schedule.dueMs(nowMs: now + 10) == now + 5000)
  }

  @Test("one more, without changes, when that lets files go")
  func letsGo() {
    var schedule = schedule(changed: true)
    _ = schedule.begin(nowMs: now)
    schedule.written(kept(1), bytes: 1000)
    #expect(schedule.dueMs(nowMs: now) == nil)
    schedule.letsFilesGo = true
    #expect(schedule.dueMs(nowMs: now) == now + 1000)
  }

  @Test("a failure is followed by another try ten seconds later, with a number of its own")
  func failure() {
    var schedule = schedule(changed: true)
    #expect(schedule.begin(nowMs: now) == 1)
    schedule.failed(nowMs: now + 5)
    #expect(schedule.dueMs(nowMs: now + 5) == now + 10_005)
    #expect(schedule.begin(nowMs: now + 10_005) == 2)
    #expect(schedule.kept == [])
  }

  @Test("the two newest count")
  func two() {
    var schedule = schedule(changed: true)
    for number in 1...3 as ClosedRange<UInt64> {
      _ = schedule.begin(nowMs: now)
      schedule.written(kept(number), bytes: 10)
    }
    #expect(schedule.kept.map(\.number) == [3, 2])
  }

  @Test("a clock that goes back doesn't put one off")
  func clock() {
    var schedule = schedule()
    schedule.wrote(bytes: 100, records: 1, nowMs: now)
    let back = now - 3_600_000
    #expect(schedule.dueMs(nowMs: back) == back)
  }
}
