import Testing

@testable import SegmentLog

@Suite("Accepting damage")
struct AcceptingTests {
  /// Three segments; the second holds messages 3 and 4 in a frame each.
  private func log() throws -> TestLog {
    let log = try TestLog()
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    try log.store(4)
    try log.rotate()
    try log.store(5)
    try log.core.seal(nowMs: log.nowMs)
    return log
  }

  private func damage(_ log: TestLog, segment: UInt64, frame: Int) throws {
    let offset = try scan(log.disk, id: segment).frames[frame].offset
    log.disk.flip(log.segmentFile(segment), bit: (Int(offset) + 80) * 8)
  }

  private func accepted(_ log: TestLog) throws -> AcceptedDamage? {
    try AcceptedDamage.read(from: log.disk, of: log.core.store)
  }

  @Test("accepted damage is no news at later starts, and the accounting closes")
  func accepted() throws {
    let log = try log()
    try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    #expect(log.core.totals.pending == 5)
    let loss = try log.core.acceptDamage(nowMs: log.nowMs)
    #expect(loss.messages == 1)
    #expect(loss.damage.map(\.lost) == [3...3])
    #expect(log.core.readOnlyReason == nil)
    #expect(try log.store(6) == [6])

    for clean in [false, true] {
      if clean { try log.core.seal(nowMs: log.nowMs) }
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.report.acceptedDamage.map(\.lost) == [3...3])
      #expect(log.report.lost == 1)
      #expect(log.core.readOnlyReason == nil)
      #expect(log.core.totals.accepted == 6)
      #expect(log.core.totals.cancelled == 1)
      #expect(log.core.totals.pending == 5)
      #expect(log.walk() == [1, 2, 4, 5, 6])
      let survey = try LogSurvey(of: log.disk)
      #expect(survey.problems.filter { $0.severity == .accepted }.map(\.lost) == [3...3])
      #expect(survey.severity ?? .tornTail <= .tornTail, "\(survey.problems)")
      #expect(survey.overview.segments.allSatisfy { $0.state != .damaged })
      let audit = try LogAudit(of: log.disk)
      #expect(audit.closes && audit.cancelled == 1 && audit.givenUp == 1)
      #expect(audit.lost.runs == [3...3])
    }
    try log.end([1, 2, 4, 5, 6])
    #expect(log.core.totals.pending == 0)
  }

  @Test("a second loss is news, and both are accepted then")
  func second() throws {
    let log = try log()
    try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    _ = try log.core.acceptDamage(nowMs: log.nowMs)
    try damage(log, segment: 1, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.map(\.lost) == [1...2])
    #expect(log.report.acceptedDamage.map(\.lost) == [3...3])
    #expect(log.core.stage([TestLog.record(9)], nowMs: log.nowMs) == .refused(.readOnly))
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 2)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.report.acceptedDamage.count == 2)
    #expect(log.report.lost == 3)
    #expect(log.core.totals.pending == 2)
  }

  @Test("more rot in a stretch that was accepted is no news; beyond it it is")
  func growing() throws {
    let log = try log()
    try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    _ = try log.core.acceptDamage(nowMs: log.nowMs)
    let offset = try #require(log.report.damage.first?.offset)
    log.disk.flip(log.segmentFile(2), bit: (Int(offset) + 70) * 8)
    try log.cutPower()
    #expect(log.report.damage == [])
    try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.map(\.lost) == [3...4], "the stretch is longer now")
    #expect(try LogSurvey(of: log.disk).severity == .damage)
  }

  @Test("a missing segment can be given up")
  func missing() throws {
    let log = try TestLog()
    try log.store(1)
    try log.rotate()
    try log.store(2, 3)
    try log.rotate()
    try log.end([2])
    try log.store(4)
    try log.core.seal(nowMs: log.nowMs)
    try log.disk.unlink(log.segmentFile(2))
    try log.disk.syncDirectory()
    try log.cutPower()
    #expect(log.report.damage.map(\.kind) == [.missing])
    #expect(log.report.damage[0].lost == 3...3, "the checkpoint knows which")
    #expect(log.report.damage[0].lostCount == 1)
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 1)
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.core.totals.pending == 2)
      #expect(log.core.totals.cancelled == 1)
      #expect(log.core.totals.delivered == 1)
      var survey = try LogSurvey(of: log.disk)
      survey.judge(by: try LogJudgement(of: log.disk))
      #expect(survey.severity ?? .tornTail <= .tornTail, "\(survey.problems)")
      #expect(try LogAudit(of: log.disk).givenUp == 1)
    }
    // Another one beside it was not accepted.
    for number in log.checkpoints { try log.disk.unlink(FileNames.checkpoint(number)) }
    try log.disk.unlink(log.segmentFile(3))
    #expect(try LogSurvey(of: log.disk).severity == .missingSegment)
  }

  @Test("missing oldest segments can be given up")
  func missingOldest() throws {
    let log = try log()
    try log.disk.unlink(log.segmentFile(1))
    try log.disk.syncDirectory()
    try log.cutPower()
    #expect(log.report.damage.map(\.kind) == [.missing])
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 2)
    for _ in 0..<2 {
      try log.cutPower()
      #expect(log.report.damage == [])
      #expect(log.core.totals.pending == 3)
      #expect(log.core.totals.accepted == 5)
    }
    try log.rotate()
    try log.end([3, 4, 5])
    _ = try log.core.compact(nowMs: log.nowMs)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.core.totals.pending == 0)
  }

  /// Both copies of the header of segment 2.
  private func loseHeader(_ log: TestLog) {
    for offset in [50, 4096 + 50] { log.disk.flip(log.segmentFile(2), bit: offset * 8) }
  }

  private func loseCheckpoints(_ log: TestLog) throws {
    for name in try log.disk.list() where FileNames.checkpointNumber(name) != nil {
      try log.disk.unlink(name)
    }
    try log.disk.syncDirectory()
  }

  @Test("a segment without a readable header can be given up and goes when its turn comes")
  func header() throws {
    let log = try log()
    loseHeader(log)
    let withCheckpoint = log.disk.clone(seed: 1)
    try loseCheckpoints(log)
    try log.cutPower()
    #expect(log.report.damage.map(\.kind) == [.header])
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 2)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.core.totals.pending == 3)
    try log.end([1, 2, 5])
    #expect(log.core.totals.pending == 0)

    // A checkpoint knows what the header said, and nothing is lost.
    let other = try TestLog(disk: withCheckpoint)
    #expect(other.report.damage.map(\.kind) == [.header])
    #expect(other.report.damage.map(\.lostCount) == [0])
    #expect(try other.core.acceptDamage(nowMs: other.nowMs).messages == 0)
    try other.cutPower()
    #expect(other.report.damage == [])
    #expect(other.walk() == [1, 2, 3, 4, 5])
  }

  @Test("numbers left out behind a last segment without a header are no messages to account for")
  func lastHeader() throws {
    let log = try TestLog()
    try log.store(1, 2)
    try log.rotate()
    try log.store(3)
    loseHeader(log)
    try loseCheckpoints(log)
    try log.cutPower()
    #expect(log.report.damage.map(\.kind) == [.header])
    _ = try log.core.acceptDamage(nowMs: log.nowMs)
    try log.cutPower()
    #expect(log.report.damage == [])
    try log.store(10)
    try log.end([1])
    let totals = log.core.totals
    #expect(log.core.state.nextSequence > totals.accepted + 1)
    let audit = try LogAudit(of: log.disk)
    #expect(audit.accepted == totals.accepted && audit.pending == totals.pending)
    #expect(audit.closes, "\(audit.ranges)")
  }

  @Test("of a damaged frame whose messages had ended nothing is lost")
  func ended() throws {
    let log = try TestLog()
    try log.store(1)
    try log.rotate()
    try log.store(2, 3)
    try log.end([1, 2])
    try log.core.seal(nowMs: log.nowMs)
    try damage(log, segment: 1, frame: 0)
    try log.cutPower()
    #expect(log.report.damage.map(\.lostCount) == [0])
    #expect(log.report.damage[0].description.contains("nothing is lost"))
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 0)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.core.totals.delivered == 2)
    #expect(log.core.totals.cancelled == 0)
  }

  @Test("a lost block tells the UUIDs that are lost with it")
  func uuids() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    try log.store(1)
    try log.store([
      TestLog.record(2, payload: noise(60_000, seed: 1)),
      TestLog.record(3, payload: noise(60_000, seed: 2)),
    ])
    try log.store(4)
    let end = try scan(log.disk).frames[1].end
    log.disk.flip(log.segmentFile(1), bit: Int(end - 10) * 8)
    try log.cutPower()
    #expect(log.report.damage.map(\.uuids) == [["m-3"]])
    #expect(log.report.damage[0].description.contains("(UUID m-3)"))
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 1)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.walk() == [1, 2, 4])
    #expect(try log.store(3) == [5], "what was given up may be posted again")
  }

  @Test("more damaged places than are listed are accepted with the rest")
  func many() throws {
    let log = try TestLog(segmentSize: 1 << 20)
    for number in 1...(2 * SegmentClassifier.findingsMax + 100) { try log.store(number) }
    try log.core.seal(nowMs: log.nowMs)
    let frames = try scan(log.disk).frames
    var bytes = try #require(log.disk.contents(log.segmentFile(1)))
    for (index, frame) in frames.enumerated() where index % 2 == 1 {
      bytes[Int(frame.offset) + 40] ^= 1
    }
    log.disk.put(log.segmentFile(1), bytes)
    try log.cutPower()
    #expect(log.report.damage.count == SegmentClassifier.findingsMax + 1)
    let pending = log.core.totals.pending
    let loss = try log.core.acceptDamage(nowMs: log.nowMs)
    #expect(log.core.totals.pending == pending - loss.messages)
    #expect(log.walk().count == Int(log.core.totals.pending))
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.walk().count == Int(log.core.totals.pending))
  }

  @Test("a crash at any change of accepting leaves damage or none, and counts nothing twice")
  func crashes() throws {
    let log = try log()
    try damage(log, segment: 2, frame: 0)
    var isDone = false
    var count = 0
    while !isDone {
      let disk = log.disk.clone(seed: 1)
      let world = try TestLog(disk: disk)
      disk.stop(afterChanges: count)
      do {
        _ = try world.core.acceptDamage(nowMs: world.nowMs)
        isDone = true
      } catch {}
      disk.crash(keeping: count % 2 == 0 ? .nothing : .everything)
      try world.restart()
      let isAccepted = world.report.damage.isEmpty
      #expect(isAccepted || world.report.damage.map(\.lost) == [3...3], "after \(count)")
      #expect(!isDone || isAccepted)
      _ = try world.core.acceptDamage(nowMs: world.nowMs)
      try world.cutPower()
      #expect(world.report.damage == [])
      #expect(world.core.totals.cancelled == 1)
      #expect(world.core.totals.pending == 4)
      count += 1
    }
    #expect(count > 5)
  }

  @Test("a list that can't be read is said, and the damage is news again")
  func rottenList() throws {
    let log = try log()
    try damage(log, segment: 2, frame: 0)
    try log.cutPower()
    _ = try log.core.acceptDamage(nowMs: log.nowMs)
    let good = try #require(log.disk.contents(FileNames.acceptedDamage))
    log.disk.flip(FileNames.acceptedDamage, bit: 200)
    try log.cutPower()
    #expect(log.report.damage.map(\.lost) == [3...3])
    #expect(log.report.notes.contains { $0.contains(FileNames.acceptedDamage) })
    #expect(try log.core.acceptDamage(nowMs: log.nowMs).messages == 0)
    try log.cutPower()
    #expect(log.report.damage == [])
    #expect(log.core.totals.cancelled == 1)

    log.disk.put(FileNames.acceptedDamage, good)
    for length in 0..<good.count {
      #expect(throws: AcceptedDamage.Failure.self) {
        try AcceptedDamage.decode(Array(good[..<length]))
      }
    }
    for bit in 0..<good.count * 8 {
      var rotten = good
      rotten[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: AcceptedDamage.Failure.self) { try AcceptedDamage.decode(rotten) }
    }
  }

  @Test("the list stays within its bounds by joining the places of a file")
  func bounds() throws {
    var list = AcceptedDamage(store: StoreUUID(high: 1, low: 2))
    let places = (0..<UInt64(AcceptedDamage.damageMax) + 1).map { number in
      Damage(
        file: FileNames.segment(number % 3 + 1), offset: number * 100, end: number * 100 + 50,
        reason: "x", lost: number + 1...number + 1)
    }
    list.add(places, lost: UInt64(places.count), nowMs: 5)
    #expect(list.damage.count == 3)
    #expect(places.allSatisfy(list.covers))
    let again = try AcceptedDamage.decode(list.encoded())
    #expect(again == list)
    #expect(try accepted(TestLog()) == nil)
  }
}
