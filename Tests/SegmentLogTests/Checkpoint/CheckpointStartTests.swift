import Glibc
import Testing

@testable import SegmentLog

@Suite("Starting from a checkpoint")
struct CheckpointStartTests {
  /// Two checkpoints with a segment border between them, and frames behind the second.
  private func log() throws -> TestLog {
    let log = try TestLog()
    try log.store(1, 2)
    try log.retry(1, count: 2, delayMs: 60_000, status: 503, error: "refused")
    try log.settle(compacts: false)
    try log.rotate()
    try log.store(3, to: "http://c:80")
    try log.end([2])
    try log.settle(compacts: false)
    try log.store(4)
    try log.end([3], .dead, status: 410, error: "gone")
    #expect(log.checkpoints.count == 2)
    return log
  }

  private func check(_ log: TestLog, from checkpoint: UInt64?, notes: String = "") {
    #expect(log.report.checkpoint == checkpoint)
    #expect(log.report.damage == [])
    if notes.isEmpty {
      #expect(log.report.notes == [])
    } else {
      #expect(log.report.notes.contains { $0.contains(notes) }, "\(log.report.notes)")
    }
    #expect(log.walk() == [1, 4])
    #expect(log.lookup(1)?.attempts == 2)
    #expect(log.lookup(1)?.note.flatMap { log.core.reader.note(at: $0) } == "refused")
    #expect(log.lookup(2)?.state == .delivered)
    #expect(log.lookup(3)?.state == .dead)
    var totals = Totals()
    (totals.accepted, totals.delivered, totals.dead) = (4, 1, 1)
    #expect(log.core.totals == totals)
    #expect(
      log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
        == .taken([.duplicate(2)], needsCommit: false))
  }

  @Test("the newest one and the frames behind it make the state")
  func newest() throws {
    let log = try log()
    try log.cutPower()
    check(log, from: log.checkpoints.last)
    #expect(log.report.frames < 5, "what stands before it is not folded again")
  }

  @Test("one that was written after frames were logged again can be read")
  func afterLoggingAgain() throws {
    let log = try TestLog()
    try log.store(1)
    // Proven, so that what follows needs its destination defined once more.
    log.nowMs += 2_000
    try log.core.tick(nowMs: log.nowMs)
    try log.store(2)
    // The second start logs again what the first one did, in a segment that is younger than it.
    for _ in 0..<2 {
      log.nowMs += 60_000
      try log.cutPower()
      #expect(log.report.reloggedFrames == 1)
    }
    // What was logged again ends its segment, and is read once more.
    try log.rotate()
    try log.cutPower()
    #expect(log.report.checkpoint == nil)
    try log.settle(compacts: false)
    try log.cutPower()
    #expect(log.report.notes == [] && log.report.damage == [])
    #expect(log.report.checkpoint == log.checkpoints.last && log.report.checkpoint != nil)
    #expect(log.walk() == [1, 2])
  }

  @Test("the newest can't be read: the one before, and that is said", arguments: 0..<3)
  func older(how: Int) throws {
    let log = try log()
    let name = FileNames.checkpoint(try #require(log.checkpoints.last))
    let bytes = try #require(log.disk.contents(name))
    switch how {
    case 0: log.disk.flip(name, bit: bytes.count * 4)
    case 1: log.disk.put(name, Array(bytes.prefix(70)))
    default: log.disk.put(name, [])
    }
    try log.cutPower()
    check(log, from: log.checkpoints.first, notes: "\(name) is not used")
    if how < 2 { #expect(log.disk.contents("quarantine/\(name)-0") != nil) }
  }

  @Test("neither can be read: all segments, said aloud; with the whole chain nothing is lost")
  func fullScan() throws {
    let log = try log()
    for number in log.checkpoints { log.disk.flip(FileNames.checkpoint(number), bit: 8 * 30) }
    try log.cutPower()
    check(log, from: nil, notes: "no checkpoint can be used")
    // Two new ones later the bad ones are gone.
    try log.settle(compacts: false)
    try log.store(5)
    log.nowMs += 6000
    try log.settle(compacts: false)
    #expect(log.checkpoints.count == 2)
    try log.cutPower()
    #expect(log.report.notes == [])
  }

  @Test(
    "without checkpoints a gap is what was dropped, and what had ended there comes back, as is said"
  )
  func gap() throws {
    let log = try TestLog(dedupWindowMs: 0)
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.end([1])
    try log.rotate()
    try log.store(4)
    try log.end([3])
    try log.settle(compacts: false)
    #expect(log.segments == [1, 3])
    try log.rotate()
    log.disk.crash(keeping: .everything)
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.report.damage == [])
    #expect(log.report.repeated == 1)
    #expect(log.report.notes.contains { $0.contains("segment 2 was dropped") })
    #expect(log.report.notes.contains { $0.contains("1 messages are delivered again") })
    #expect(log.walk() == [1, 2, 4])
    #expect(log.core.totals.pending == 3)
    #expect(try log.store(5) == [5])
    try log.end([1, 2, 4, 5])
    #expect(log.core.totals.delivered == 5)
  }

  @Test("without checkpoints a segment that was taken away is missing, and so many are lost")
  func takenAway() throws {
    let log = try TestLog(dedupWindowMs: 0)
    try log.store(1, 2)
    try log.rotate()
    try log.store(3, 4)
    // As many ends as messages live there: sums alone could not tell.
    try log.end([1, 2, 3])
    try log.rotate()
    try log.store(5)
    log.disk.crash(keeping: .everything)
    log.disk.remove(log.segmentFile(2))
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.report.damage.map(\.file) == [log.segmentFile(2)])
    #expect(log.report.damage.map(\.lost) == [3...4])
    #expect(log.report.damage.map(\.lostCount) == [1])
    #expect(log.walk() == [1, 2, 5])
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 1)
    #expect(log.core.totals.pending == 3)
    try log.cutPower()
    #expect(log.report.damage == [])
  }

  // MARK: Not believed

  /// Starts with the checkpoint changed by `change`, the only one there is.
  private func start(
    _ log: TestLog, changing change: (inout Checkpoint) -> Void
  ) throws {
    let numbers = log.checkpoints
    let number = try #require(numbers.last)
    var checkpoint = try CheckpointReader.read(number, on: log.disk)
    change(&checkpoint)
    for number in numbers { log.disk.remove(FileNames.checkpoint(number)) }
    _ = try SampleCheckpoint.write(checkpoint, to: log.disk)
    log.disk.crash(keeping: .everything)
    try log.restart()
  }

  @Test("one of another store")
  func otherStore() throws {
    let log = try log()
    try start(log) { $0.store = StoreUUID(high: 9, low: 9) }
    check(log, from: nil, notes: "belongs to the store")
  }

  @Test("one from the future: its position lies behind the log's end")
  func future() throws {
    let beyond = try log()
    try start(beyond) {
      $0.segments[$0.segments.count - 1].end += 100_000
      $0.position.offset += 100_000
    }
    #expect(beyond.report.checkpoint == nil)
    #expect(beyond.report.notes.contains { $0.contains("it disagrees with the segments") })
    // The segments tell everything by themselves.
    #expect(beyond.report.damage == [])
    #expect(beyond.walk() == [1, 4])

    let log = try log()
    let copies = Dictionary(
      uniqueKeysWithValues: log.checkpoints.map { number in
        (FileNames.checkpoint(number), log.disk.contents(FileNames.checkpoint(number)))
      })
    let other = try TestLog()
    try other.store(7)
    for (name, bytes) in copies { other.disk.put(name, bytes ?? []) }
    try other.cutPower()
    #expect(Set(other.report.damage.map(\.file)) == [other.segmentFile(1), other.segmentFile(2)])
    #expect(other.walk() == [1])
  }

  @Test("one whose last frame is another than the segment holds")
  func otherFrame() throws {
    let log = try log()
    try start(log) { $0.position.frameCRC ^= 1 }
    check(log, from: nil, notes: "another frame")
  }

  @Test("one that knows a segment by another salt")
  func otherSalt() throws {
    let log = try log()
    try start(log) { $0.segments[0].salt ^= 1 }
    check(log, from: nil, notes: "another file than it was")
  }

  @Test("one that says a segment ends elsewhere than its successor does")
  func otherEnd() throws {
    let log = try log()
    try start(log) { $0.segments[0].end -= 1 }
    check(log, from: nil, notes: "says its successor")
  }

  @Test("one that needs a file that is missing is believed in all else")
  func missing() throws {
    let log = try log()
    log.disk.remove(log.segmentFile(1))
    try log.cutPower()
    #expect(log.report.checkpoint == log.checkpoints.last)
    #expect(
      log.report.damage.map(\.description) == [
        "\(log.segmentFile(1)): \(log.segmentFile(1)) is missing, message 1 lost"
      ])
    #expect(log.walk() == [4])
  }

  @Test("one whose accounting the next segment's header contradicts")
  func accounting() throws {
    let log = try log()
    try log.rotate()
    try log.store(5)
    try log.end([5])
    try start(log) { checkpoint in
      checkpoint.counters.totals.cancelled += 1
      // A message that is not pending any more, so that it fits by itself.
      let last = checkpoint.segments.firstIndex { $0.liveCount > 0 } ?? 0
      let sequence = checkpoint.segments[last].first
      checkpoint.attempts[sequence] = nil
      checkpoint.segments[last].end(
        sequence, EndingKind(kind: .cancelled, status: 0, attempts: 0))
    }
    #expect(log.report.checkpoint == nil)
    #expect(log.report.notes.contains { $0.contains("it disagrees with the segments") })
    #expect(log.walk() == [1, 4])
  }
}
