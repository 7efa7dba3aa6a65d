import Testing

@testable import SegmentLog

@Suite("Outcomes and attempts")
struct ChangeTests {
  private func attempt(_ sequence: Sequence, _ count: UInt32) -> StateChange {
    .attempt(AttemptRecord(sequence: sequence, count: count, delayMs: 2000, status: 503))
  }

  private func outcome(_ sequence: Sequence, _ kind: OutcomeKind) -> StateChange {
    .outcome(OutcomeRecord(sequence: sequence, kind: kind, attempts: 1, status: 200))
  }

  @Test("delivered, dead and cancelled messages are told apart, before and after a restart")
  func states() throws {
    let log = try TestLog()
    try log.store(1, 2, 3, 4)
    try log.end([1])
    try log.retry(2, count: 1, delayMs: 4000, error: "connection refused")
    try log.end([2], .dead, attempts: 2, status: 410, error: "gone")
    try log.end([3], .cancelled, attempts: 0, status: 0)
    for _ in 0..<2 {
      #expect(log.lookup(1)?.state == .delivered)
      #expect(log.lookup(1)?.attempts == 1)
      #expect(log.lookup(1)?.lastStatus == 200)
      #expect(log.lookup(2)?.state == .dead)
      #expect(log.lookup(2)?.attempts == 2)
      #expect(log.lookup(2)?.lastStatus == 410)
      #expect(log.lookup(2)?.note.flatMap { log.core.reader.note(at: $0) } == "gone")
      #expect(log.payload(2) == "{\"number\":2}")
      #expect(log.lookup(3)?.state == .cancelled)
      #expect(log.lookup(4)?.state == .pending)
      #expect(log.lookup(5) == nil)
      #expect(log.walk() == [4])
      var totals = Totals()
      (totals.accepted, totals.delivered, totals.dead, totals.cancelled) = (4, 1, 1, 1)
      #expect(log.core.totals == totals)
      try log.cutPower()
    }
  }

  @Test("a dead message can be cancelled, and not ended otherwise")
  func cancelDead() throws {
    let log = try TestLog()
    try log.store(1)
    try log.end([1], .dead, status: 410)
    #expect(
      log.core.stage([outcome(1, .delivered), outcome(1, .dead), attempt(1, 2)])
        == .taken(count: 3, refused: [0, 1, 2], needsCommit: false))
    try log.end([1], .cancelled)
    #expect(log.core.totals.dead == 0)
    #expect(log.core.totals.cancelled == 1)
    try log.cutPower()
    #expect(log.lookup(1)?.state == .cancelled)
    #expect(log.core.totals.dead == 0)
  }

  @Test("what has ended, ends in this frame, or never was is refused by index")
  func refused() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.end([1])
    _ = log.core.stage([TestLog.record(3)], nowMs: log.nowMs)
    let changes = [
      outcome(1, .delivered), outcome(2, .delivered), outcome(2, .dead), attempt(2, 9),
      outcome(3, .delivered), attempt(99, 1),
    ]
    #expect(
      log.core.stage(changes) == .taken(count: 6, refused: [0, 2, 3, 4, 5], needsCommit: true))
    try log.commit()
    #expect(log.core.totals.delivered == 2)
  }

  @Test("an attempt that is sent twice, or late, changes nothing")
  func absolute() throws {
    let log = try TestLog()
    try log.store(1)
    try log.retry(1, count: 3, delayMs: 8000)
    let retry = log.lookup(1)?.retry
    #expect(log.core.stage([attempt(1, 2)]) == .taken(count: 1, refused: [], needsCommit: false))
    #expect(log.lookup(1)?.attempts == 3)
    #expect(log.lookup(1)?.retry == retry)
    #expect(
      log.core.stage([attempt(1, 4), attempt(1, 4)])
        == .taken(count: 2, refused: [], needsCommit: true))
    try log.commit()
    #expect(log.lookup(1)?.attempts == 4)
    try log.cutPower()
    #expect(log.lookup(1)?.attempts == 4)
  }

  @Test("the wait is never longer than recorded, whatever the clock does")
  func retryTime() {
    let retry = RetryTime(dueAtMs: 10_000, delayMs: 4000)
    #expect(retry.remainingMs(nowMs: 7000) == 3000)
    #expect(retry.remainingMs(nowMs: 10_000) == 0)
    #expect(retry.remainingMs(nowMs: 99_000) == 0)
    #expect(retry.remainingMs(nowMs: 0) == 4000)
  }

  @Test("many changes are taken frame by frame")
  func manyChanges() throws {
    let log = try TestLog(segmentSize: 4 << 20)
    for part in 0..<10 {
      try log.store((1...1000).map { TestLog.record(part * 1000 + $0) })
    }
    var left = (1...10_000).map { outcome(UInt64($0), .delivered) }
    var frames = 0
    while !left.isEmpty {
      guard case .taken(let count, [], _) = log.core.stage(left) else {
        Issue.record("not taken")
        return
      }
      left.removeFirst(count)
      try log.commit()
      frames += 1
    }
    #expect(frames == 2)
    #expect(log.core.totals.delivered == 10_000)
  }
}
