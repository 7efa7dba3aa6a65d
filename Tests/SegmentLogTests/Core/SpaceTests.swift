import Glibc
import Testing

@testable import SegmentLog

@Suite("A full disk")
struct SpaceTests {
  /// 64 KiB segments on a disk of 4 MiB: the mark is at 256 KiB, and it opens at 512 KiB. Messages 1
  /// to 3 are stored, the next segment and the reserve are made.
  private func smallLog() throws -> TestLog {
    let log = try TestLog(disk: SimDisk(seed: 1, capacity: 4 << 20), segmentSize: 64 << 10)
    try log.store(1, 2, 3)
    for _ in 0..<6 { try log.prepare() }
    #expect(log.core.reserve.files.count == 2)
    #expect(log.core.checkpointReserve.files.count == 2)
    #expect(log.core.preparation.isReady)
    return log
  }

  /// Someone else leaves that much.
  private func leave(_ bytes: UInt64, _ log: TestLog) throws {
    log.disk.put("ballast", [])
    let free = try log.disk.space().availableBytes
    log.disk.put("ballast", [UInt8](repeating: 1, count: Int(free - bytes)))
    log.nowMs += 1000
  }

  private func stage(_ log: TestLog, _ number: Int) -> Staged {
    log.core.stage([TestLog.record(number)], nowMs: log.nowMs)
  }

  @Test("below the mark new messages are refused, whole batches too, and outcomes go on")
  func refused() throws {
    let log = try smallLog()
    try leave(300 << 10, log)
    try log.store(4)
    try leave(200 << 10, log)
    #expect(stage(log, 5) == .refused(.diskFull))
    let batch = [TestLog.record(1), TestLog.record(6)]
    #expect(log.core.stage(batch, nowMs: log.nowMs) == .refused(.diskFull))
    #expect(!log.core.hasStaged)
    #expect(log.core.spaceLevel == .low)
    try log.end([1])
    try log.retry(2, count: 1, delayMs: 2000)
    try log.cutPower()
    #expect(log.core.totals.accepted == 4)
    #expect(log.core.totals.delivered == 1)
    #expect(log.lookup(2)?.attempts == 1)
    #expect(log.lookup(6) == nil)
  }

  @Test("a duplicate is answered all the same, since it takes no room")
  func duplicate() throws {
    let log = try smallLog()
    try leave(0, log)
    #expect(stage(log, 2) == .taken([.duplicate(2)], needsCommit: false))
    let other = TestLog.record(2, content: 1)
    #expect(log.core.stage([other], nowMs: log.nowMs) == .conflict([0]))
  }

  @Test("it opens by itself at twice the mark, looking every second")
  func opens() throws {
    let log = try smallLog()
    try leave(200 << 10, log)
    #expect(stage(log, 4) == .refused(.diskFull))
    let due = try #require(log.core.nextTickDueMs(nowMs: log.nowMs))
    #expect(due <= log.nowMs + 1000)
    try leave(500 << 10, log)
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.core.spaceLevel == .low)
    try leave(520 << 10, log)
    try log.core.tick(nowMs: log.nowMs)
    #expect(log.core.spaceLevel == .enough)
    try log.store(4)
  }

  @Test("an idle log with room looks at nothing")
  func idle() throws {
    let log = try smallLog()
    try log.settle()
    #expect(log.core.nextTickDueMs(nowMs: log.nowMs) == nil)
  }

  @Test("under pressure finished segments go that only the duplicate check would keep")
  func dropsRetained() throws {
    let log = try smallLog()
    try log.end([1, 2, 3])
    try log.rotate()
    try log.settle(compacts: false)
    #expect(log.segments == [1, 2])
    try leave(100 << 10, log)
    #expect(stage(log, 4) == .refused(.diskFull))
    try log.settle()
    #expect(log.segments == [2])
  }

  @Test(
    "on a disk without a free byte the reserve takes the outcomes, and then they are refused for the time being"
  )
  func reserve() throws {
    let log = try smallLog()
    try leave(0, log)
    var levels: [SpaceLevel] = []
    var count: UInt32 = 0
    while true {
      let change = StateChange.attempt(
        AttemptRecord(
          sequence: 1, count: count + 1, delayMs: 1, status: 503,
          error: noise(500, seed: Int(count)).map { String($0 % 10) }.joined()))
      if log.core.stage([change]) == .refused(.diskFull) { break }
      try log.commit()
      // What a closed segment does not use must not help.
      try leave(0, log)
      log.core.lookAtSpace(nowMs: log.nowMs)
      try log.prepare()
      count += 1
      if levels.last != log.core.spaceLevel { levels.append(log.core.spaceLevel) }
    }
    #expect(levels == [.low, .scarce])
    #expect(log.segments == [1, 2, 3, 4])
    #expect(log.core.reserve.files.isEmpty)
    #expect(stage(log, 4) == .refused(.diskFull))
    log.disk.put("ballast", [])
    log.nowMs += 1000
    try log.core.tick(nowMs: log.nowMs)
    for _ in 0..<6 { try log.prepare() }
    try log.end([2])
    #expect(log.core.spaceLevel == .enough)
    #expect(log.core.reserve.files.count == 2)
    try log.store(4)
    try log.cutPower()
    #expect(log.lookup(1)?.attempts == count)
    #expect(log.core.totals.delivered == 1)
  }

  @Test("one file is made at a time, also when the log goes on in the next segment meanwhile")
  func oneAtATime() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    try log.prepare()
    for made in 0..<4 {
      let job = try #require(log.core.preparationWanted(nowMs: log.nowMs))
      try log.rotate()
      try log.settleWitness()
      #expect(log.core.preparationWanted(nowMs: log.nowMs) == nil, "while making \(made)")
      log.core.copying.mayPlan = false
      #expect(log.core.nextTickDueMs(nowMs: log.nowMs) != log.nowMs)
      log.core.prepared(job.run(on: log.disk), nowMs: log.nowMs)
      try log.prepare()
    }
    #expect(log.core.reserve.files.count == 2)
    #expect(log.core.checkpointReserve.files.count == 2)
  }

  @Test("a reserve stays over restarts and is not written again")
  func reserveStays() throws {
    let log = try smallLog()
    let before = log.disk.contents("reserve-1")
    #expect(before == [UInt8](repeating: 0, count: 64 << 10))
    try log.core.seal(nowMs: log.nowMs)
    try log.restart()
    #expect(log.core.reserve.files.map(\.name) == ["reserve-1", "reserve-2"])
    log.disk.record()
    for _ in 0..<6 { try log.prepare() }
    #expect(!log.disk.trace.contains { $0.contains("reserve") })
  }

  @Test("whenever the power fails, a file of the reserve holds nothing but zeros")
  func reserveIsZero() throws {
    for point in 0..<40 {
      let log = try smallLog()
      try leave(0, log)
      log.disk.stop(afterChanges: point)
      do {
        for _ in 0..<3 {
          _ = try log.core.rotate(room: 0, nowMs: log.nowMs)
          try log.end([1])
        }
      } catch {}
      log.disk.crash(keeping: .random)
      for name in FileNames.segmentReserves {
        #expect(log.disk.contents(name)?.allSatisfy { $0 == 0 } ?? true, "\(name) at \(point)")
      }
      log.disk.setCapacity(.max)
      try log.restart()
      #expect(log.core.totals.accepted == 3)
    }
  }

  @Test("without a free byte checkpoints are written into the reserve, and room comes back")
  func checkpointsFromReserve() throws {
    let log = try smallLog()
    try log.end([1, 2, 3])
    try log.rotate()
    try leave(0, log)
    #expect(stage(log, 4) == .refused(.diskFull))
    try log.settle()
    #expect(log.checkpoints.count == 2)
    #expect(log.core.checkpointReserve.files.count < 2)
    #expect(log.segments == [2])
    #expect(try log.disk.space().availableBytes > 0)
    try log.cutPower()
    #expect(log.core.totals.delivered == 3)
    #expect(log.report.damage.isEmpty)
  }

  @Test("the reserve for checkpoints grows with them")
  func checkpointReserveGrows() throws {
    var reserve = Reserve(FileNames.checkpointReserves)
    let disk = SimDisk(seed: 1)
    for _ in 0..<2 {
      let wanted = reserve.wanted(size: Reserve.checkpointSize(last: 10_000), nowMs: 0)
      let result = try #require(wanted).run(on: disk)
      let isOurs = reserve.made(result, nowMs: 0)
      #expect(isOurs)
    }
    #expect(reserve.largest == 20_000)
    reserve.outgrow(20_000, on: disk)
    #expect(reserve.files.count == 2)
    reserve.outgrow(20_001, on: disk)
    #expect(reserve.files.isEmpty)
    #expect(try disk.list() == [])
  }

  @Test("a quota counts as a full disk, though the file system shows room")
  func quota() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    log.disk.inject(SimFault(.write, file: "next.tmp", code: EDQUOT))
    try log.prepare()
    #expect(stage(log, 2) == .refused(.diskFull))
    try log.end([1])
    #expect(try #require(log.core.nextTickDueMs(nowMs: log.nowMs + 10)) <= log.nowMs + 1000)
    log.nowMs += 1000
    try log.prepare()
    try log.store(2)
  }

  @Test("a frame that finds no room for a new segment is forgotten whole")
  func noSpace() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    let large = TestLog.record(2, payload: noise(60_000, seed: 1))
    #expect(log.core.stage([large], nowMs: log.nowMs) != .refused(.diskFull))
    log.disk.setCapacity(70 << 10)
    #expect(try log.core.commit(nowMs: log.nowMs) == .noSpace)
    #expect(!log.core.hasStaged)
    #expect(stage(log, 3) == .refused(.diskFull))
    log.disk.setCapacity(.max)
    log.nowMs += 1000
    try log.prepare()
    #expect(try log.store(3) == [2])
    try log.cutPower()
    #expect(log.walk() == [1, 2])
    #expect(log.lookup(2) == nil)
  }

  @Test("a log opens on a full disk, with a small segment")
  func openFull() throws {
    let log = try TestLog(segmentSize: 256 << 10)
    try log.store(1)
    log.disk.crash(keeping: .everything)
    log.disk.setCapacity(400 << 10)
    try log.restart()
    #expect(log.walk() == [1])
    try log.end([1])
    try log.cutPower()
    #expect(log.core.totals.delivered == 1)
  }

  @Test("without a free byte it opens with a file of the reserve")
  func openFromReserve() throws {
    let log = try smallLog()
    try log.core.seal(nowMs: log.nowMs)
    try leave(0, log)
    try log.restart()
    #expect(log.core.reserve.files.count == 1)
    try log.end([1])
    try log.cutPower()
    #expect(log.core.totals.delivered == 1)
  }

  @Test("without room for even that it says so and changes nothing")
  func openWithoutRoom() throws {
    let log = try TestLog(segmentSize: 64 << 10)
    try log.store(1)
    log.disk.crash(keeping: .everything)
    let before = try log.disk.list()
    log.disk.setCapacity(65 << 10)
    let error = #expect(throws: LogError.self) { try log.restart() }
    guard case .disk(let cause) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.isNoSpace)
    #expect(try log.disk.list() == before)
  }
}

extension TestLog {
  /// What is due at once is done.
  fileprivate func settleWitness() throws {
    nowMs += Upkeep.witnessMs
    try core.tick(nowMs: nowMs)
    try checkpoint()
  }

  @Test(
    "where overwriting finds no room nothing is written, and the log goes on when there is some")
  func overwriting() throws {
    let log = try TestLog()
    let stored = try log.store(1)
    for code in [ENOSPC, EDQUOT] {
      log.disk.inject(SimFault(.write, code: code))
      _ = log.core.stage([
        .outcome(OutcomeRecord(sequence: stored[0], kind: .dead, attempts: 1, status: 500))
      ])
      #expect(try log.core.commit(nowMs: log.nowMs) == .noSpace)
    }
    #expect(log.core.failure == nil && log.walk() == [1])
    try log.end(stored)
    try log.cutPower()
    #expect(log.walk() == [] && log.core.totals.delivered == 1)
  }

  @Test(
    "that no file can be made for one message that is larger than a segment refuses it alone",
    arguments: [EFBIG, EMFILE, EIO])
  func oneLarge(code: Int32) throws {
    let log = try TestLog()
    try log.store(1)
    log.disk.inject(SimFault(.open, file: "now.tmp", code: code))
    _ = log.core.stage(
      [TestLog.record(2, payload: noise(100_000, seed: 1))], nowMs: log.nowMs)
    #expect(try log.core.commit(nowMs: log.nowMs) == .noSpace)
    try log.store(3)
    #expect(log.walk() == [1, 2] && log.lookup(2) == nil)
  }
}
