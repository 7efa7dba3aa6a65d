import Testing

@testable import SegmentLog

@Suite("Damage")
struct DamageTests {
  /// Three segments; the second holds messages 3 and 4 in a frame each.
  private func log(_ onDamage: LogOptions.OnDamage = .drain) throws -> TestLog {
    let log = try TestLog(onDamage: onDamage)
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.store(4)
    try log.rotate()
    try log.store(5)
    try log.core.seal(nowMs: log.nowMs)
    return log
  }

  /// Flips a bit in the frame of a message.
  private func damage(_ log: TestLog, segment: UInt64, frame: Int, byte: Int = 80) throws -> UInt64
  {
    let offset = try scan(log.disk, id: segment).frames[frame].offset
    log.disk.flip(log.segmentFile(segment), bit: (Int(offset) + byte) * 8)
    return offset
  }

  @Test("a damaged frame is named with what it held; everything else is read and delivered")
  func drain() throws {
    let log = try log()
    let offset = try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.count == 1)
    #expect(log.report.damage.first?.file == log.segmentFile(2))
    #expect(log.report.damage.first?.offset == offset)
    #expect(log.report.damage.first?.lost == 3...3)
    #expect(log.walk() == [1, 2, 4, 5])
    #expect(log.payload(4) == "{\"number\":4}")
    #expect(log.core.totals.accepted == 5)
    #expect(log.core.totals.pending == 5)

    #expect(log.core.readOnlyReason?.contains("message 3 lost") == true)
    #expect(log.core.stage([TestLog.record(9)], nowMs: log.nowMs) == .refused(.readOnly))
    try log.end([1, 2, 4, 5])
    #expect(log.core.totals.delivered == 4)
    _ = try log.core.compact(nowMs: log.nowMs)
    #expect(log.segments.contains(2), "a damaged segment is never dropped")
    #expect(log.cold == [], "and nothing is compacted beside it")
    let damaged = log.core.overview().segments.filter { $0.state == .damaged }
    #expect(damaged.map(\.file) == [log.segmentFile(2)])

    // Again, and the same.
    try log.cutPower()
    #expect(log.report.damage.count == 1)
    #expect(log.report.damage.first?.lost == 3...3)
    #expect(log.core.totals.delivered == 4)
    #expect(log.walk() == [])
  }

  @Test("the damaged bytes are copied aside, once")
  func quarantine() throws {
    let log = try log()
    let offset = try damage(log, segment: 2, frame: 0)
    for _ in 0..<2 {
      log.disk.crash(keeping: .everything)
      try log.restart()
      let copy = log.disk.contents("quarantine/\(log.segmentFile(2))-\(offset)")
      let frame = try #require(log.disk.contents(log.segmentFile(2)))[Int(offset)...]
      #expect(copy?.elementsEqual(frame.prefix(copy?.count ?? 0)) == true)
      #expect((copy?.count ?? 0) > 64)
    }
  }

  @Test("on_damage: continue serves the rest as usual")
  func proceed() throws {
    let log = try log(.proceed)
    _ = try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.count == 1)
    #expect(log.core.readOnlyReason == nil)
    #expect(try log.store(9) == [6])
  }

  @Test("on_damage: refuse opens nothing and leaves no trace")
  func refuse() throws {
    let log = try log(.refuse)
    _ = try damage(log, segment: 2, frame: 0)
    let before = try log.disk.list()
    let error = #expect(throws: LogError.self) { try log.cutPower() }
    guard case .damaged(let damage) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(damage.first?.lost == 3...3)
    #expect(try log.disk.list() == before)
  }

  @Test("a damaged block loses its messages only; outcomes in the same frame count")
  func block() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    try log.store(1)
    _ = log.core.stage([
      .outcome(OutcomeRecord(sequence: 1, kind: .delivered, attempts: 1, status: 200))
    ])
    try log.store([
      TestLog.record(2, payload: noise(60_000, seed: 1)),
      TestLog.record(3, payload: noise(60_000, seed: 2)),
    ])
    try log.store(4)
    let end = try scan(log.disk).frames[1].end
    log.disk.flip(log.segmentFile(1), bit: Int(end - 10) * 8)
    try log.cutPower()
    #expect(log.report.damage.first?.lost == 3...3)
    #expect(log.walk() == [2, 4])
    #expect(log.lookup(1)?.state == .delivered)
    #expect(log.payload(2) != nil)
  }

  @Test("a lost definition of a destination costs one frame, not the segment")
  func definition() throws {
    let log = try TestLog()
    try log.store(1, to: "http://a:80")
    try log.store(2, to: "http://a:80")
    try log.store(3, to: "http://a:80")
    _ = try damage(log, segment: 1, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.first?.lost == 1...1)
    let backlog = try #require(log.core.destinationsWithPending().first)
    #expect(backlog.count == 2)
    #expect(log.walk(backlog.origin) == [2, 3])
    #expect(log.payload(2) != nil)
  }

  @Test("a missing segment is named, and what is there is delivered")
  func missing() throws {
    let log = try log()
    try log.disk.unlink(log.segmentFile(2))
    log.disk.crash(keeping: .everything)
    try log.restart()
    #expect(log.report.damage.map(\.file) == [log.segmentFile(2)])
    #expect(log.report.damage[0].description.contains("is missing"))
    #expect(log.report.damage[0].lost == 3...4)
    #expect(log.walk() == [1, 2, 5])
    #expect(log.core.totals.accepted == 5)
    #expect(log.core.readOnlyReason != nil)
  }

  @Test("missing old segments are found out by the accounting")
  func missingOldest() throws {
    let log = try log()
    try log.disk.unlink(log.segmentFile(1))
    log.disk.crash(keeping: .everything)
    try log.restart()
    #expect(log.report.damage.count == 1)
    #expect(log.report.damage[0].file == log.segmentFile(1))
    #expect(log.report.damage[0].lost == 1...2)
    #expect(log.walk() == [3, 4, 5])
  }

  @Test("a segment that was put back from an older copy is found out by the accounting")
  func olderCopy() throws {
    let log = try TestLog()
    try log.store(1, 2)
    let older = try #require(log.disk.contents(log.segmentFile(1)))
    try log.end([1])
    let end = Int(log.core.active.offset)
    try log.rotate()
    try log.cutPower()
    #expect(log.report.damage == [])
    // A whole segment as far as it goes, with a frame of another place where the last one was.
    log.disk.put(log.segmentFile(1), Array(older[..<end]))
    try log.cutPower()
    #expect(log.report.damage.first?.file == log.segmentFile(1))
    #expect(log.walk() == [1, 2])
  }

  @Test("a header whose accounting does not follow from what stands before it is damage")
  func accounting() throws {
    let disk = SimDisk(seed: 1)
    var first = SegmentBuilder()
    let records = [first.record(1), first.record(2)]
    first.append { encoder in
      encoder.define(destination: 0, origin: "http://b:80")
      for record in records { encoder.append(record, destination: 0) }
    }
    first.put(on: disk)
    var totals = Totals()
    totals.accepted = 2
    totals.delivered = 1
    var second = first.successor(totals: totals)
    second.append()
    second.put(on: disk)
    let log = try TestLog(disk: disk)
    #expect(log.report.damage.map(\.file) == [log.segmentFile(2)])
    #expect(log.report.damage.first?.description.contains("1 of 2 messages had ended") == true)
    #expect(log.walk() == [1, 2])
  }

  @Test("files with impossible numbers are left alone")
  func numbers() throws {
    let log = try TestLog()
    try log.store(1)
    for name in ["wal-ffffffffffffffff.seg", "wal-0000000000000000.seg"] {
      log.disk.put(name, [1, 2, 3])
    }
    try log.cutPower()
    #expect(log.report.notes.count == 2)
    #expect(log.report.damage == [])
    #expect(log.walk() == [1])
  }

  @Test("segments that were dropped are not missed")
  func dropped() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.end([1], .dead, status: 410)
    try log.rotate()
    try log.end([1], .cancelled)
    try log.end([2])
    _ = try log.core.compact(nowMs: log.nowMs)
    #expect(log.segments == [3])
    for _ in 0..<3 {
      try log.cutPower()
      #expect(log.report.damage == [])
      var totals = Totals()
      (totals.accepted, totals.delivered, totals.cancelled) = (3, 1, 1)
      #expect(log.core.totals == totals)
    }
  }

  @Test("a header that can't be read costs nothing when a checkpoint knows the segment")
  func headerAndCheckpoint() throws {
    let log = try log()
    for offset in [50, 4096 + 50] { log.disk.flip(log.segmentFile(2), bit: offset * 8) }
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage.map(\.file) == [log.segmentFile(2)])
      #expect(log.report.damage[0].lost == nil)
      #expect(log.walk() == [1, 2, 3, 4, 5])
      #expect(log.payload(3) == "{\"number\":3}")
      #expect(log.core.readOnlyReason != nil)
    }
  }

  @Test("one unreadable copy of a header is a note; two cost the segment, and no number is reused")
  func headers() throws {
    let log = try log()
    for number in log.checkpoints { try log.disk.unlink(FileNames.checkpoint(number)) }
    log.disk.crash(keeping: .everything)
    log.disk.flip(log.segmentFile(2), bit: 50 * 8)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.report.notes.count == 1)
    #expect(log.disk.contents("quarantine/\(log.segmentFile(2))-0")?.count == SegmentHeader.size)
    log.disk.flip(log.segmentFile(2), bit: (4096 + 50) * 8)
    try log.cutPower()
    #expect(log.report.damage.count == 1)
    #expect(log.report.damage[0].lost == 3...4)
    #expect(log.walk() == [1, 2, 5])
    #expect(log.core.totals.accepted == 5)

    let other = try TestLog(onDamage: .proceed)
    try other.store(1, 2, 3)
    for offset in [50, 4096 + 50] { other.disk.flip(other.segmentFile(1), bit: offset * 8) }
    try other.cutPower()
    #expect(other.report.damage.count == 1)
    let next = try #require(try other.store(9).first)
    #expect(next > 3)
    try other.cutPower()
    #expect(other.payload(next) == "{\"number\":9}")
  }

  @Test("a torn tail is dropped, counted and copied aside; nothing is appended behind it")
  func torn() throws {
    let log = try TestLog()
    try log.store(1)
    let end = log.core.active.offset
    _ = try log.tearTail()
    try log.restart()
    #expect(log.report.damage == [])
    #expect(log.report.tornTailBytes > 1000)
    #expect(log.walk() == [1])
    let copies = try log.disk.list()
    #expect(copies.contains("quarantine"))
    #expect(log.disk.contents(log.segmentFile(1))?.count == Int(end))
    #expect(try log.store(3) == [2])
  }

  @Test("head's page kept, body's page lost: a torn frame, and a witness for the one before")
  func headKept() throws {
    let log = try TestLog()
    try log.store(1)
    let end = Int(log.core.active.offset)
    try log.store([TestLog.record(2, payload: noise(20_000, seed: 1))])
    let whole = try #require(log.disk.contents(log.segmentFile(1)))
    var torn = whole
    for index in (end + 1024)..<torn.count { torn[index] = 0 }
    log.disk.put(log.segmentFile(1), torn)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.report.reloggedFrames == 0, "the frame before is proven by the torn one's head")
    #expect(log.walk() == [1])

    // So a bad byte in the proven frame is damage.
    torn[8192 + 80] ^= 1
    let other = try TestLog()
    other.disk.put(other.segmentFile(1), torn)
    try other.cutPower()
    #expect(other.report.damage.first?.lost == 1...1)
  }

  @Test("a bit flipped in the last acknowledged frame is damage after a quiet second")
  func quietThenFlip() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    log.nowMs += 2000
    try log.core.tick(nowMs: log.nowMs)
    _ = try damage(log, segment: 1, frame: 1)
    try log.cutPower()
    #expect(log.report.damage.first?.lost == 2...2)
    #expect(log.walk() == [1])
  }

  @Test("after a clean stop every bad byte is damage")
  func sealedThenFlip() throws {
    let log = try TestLog()
    try log.store(1)
    try log.core.seal(nowMs: log.nowMs)
    _ = try damage(log, segment: 1, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.first?.lost == 1...1)
  }

  @Test("a write fails after its bytes landed, the process dies, others take the numbers")
  func numbersTakenAgain() throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.stop(afterChanges: 1)
    _ = log.core.stage([TestLog.record(2)], nowMs: log.nowMs)
    #expect(throws: LogFailure.self) { try log.commit() }
    // The bytes are in the cache, and a power cut takes them away.
    try log.cutPower()
    #expect(log.walk() == [1])
    #expect(try log.store(3) == [2])
    try log.cutPower()
    #expect(log.walk() == [1, 2])
    #expect(log.lookup(2) == nil)
    #expect(log.payload(2) == "{\"number\":3}")

    // The bytes landed, the write failed and the process died: nobody was answered, and the message
    // is there. What comes then takes other numbers.
    let third = try TestLog()
    try third.store(1)
    third.disk.inject(SimFault(.write, code: 5, effect: .complete, staysBroken: true))
    _ = third.core.stage([TestLog.record(2)], nowMs: third.nowMs)
    #expect(throws: LogFailure.self) { try third.commit() }
    third.disk.restartKeepingCache()
    try third.restart()
    #expect(third.report.reloggedFrames == 1)
    #expect(try third.store(3) == [3])
    for _ in 0..<2 {
      #expect(third.payload(2) == "{\"number\":2}")
      #expect(third.payload(3) == "{\"number\":3}")
      #expect(third.report.damage == [])
      try third.cutPower()
    }

    // The bytes landed and the write failed: the next segment voids them.
    let other = try TestLog()
    try other.store(1)
    other.disk.inject(SimFault(.write, code: 5, effect: .complete))
    #expect(try other.store(2) == [2])
    try other.store(3)
    other.disk.crash(keeping: .everything)
    try other.restart()
    #expect(other.walk() == [1, 2, 3])
    #expect(other.report.damage == [])
  }
}
