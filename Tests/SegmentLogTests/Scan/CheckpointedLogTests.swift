import Testing

@testable import SegmentLog

@Suite("Explaining a log with checkpoints")
struct CheckpointedLogTests {
  /// Segment 1 holds 1 to 3, of which 1 is pending, 2 delivered and 3 dead; segment 2 held 4 to 6,
  /// all of them delivered, and the ends of 2 and 3, and was dropped; 7 is pending behind it.
  private func log() throws -> TestLog {
    let log = try TestLog(disk: SimDisk(seed: 1))
    try log.store(1, 2, 3)
    try log.rotate()
    log.nowMs += 1000
    try log.store(4, 5, 6)
    try log.end([2, 4, 5, 6], attempts: 2, status: 201)
    try log.end([3], .dead, attempts: 4, status: 410, error: "410 Gone")
    try log.rotate()
    try log.settle(compacts: false)
    try log.store(7)
    try log.settle(compacts: false)
    return log
  }

  private func records(_ disk: SimDisk) throws -> [MessageRecord] {
    try LogRecords(LogChain.read(disk), on: disk).inOrder().records
  }

  /// Whether the drop rule let the second segment go: while the duplicate check or a note wants it,
  /// the test takes it away itself, which no checkpoint may miss.
  private func droppedMiddle() throws -> TestLog {
    let log = try log()
    let chain = try LogChain.read(log.disk)
    let needs = try #require(chain.checkpoint).neededSegments
    if needs[2] == nil, try log.disk.list().contains(FileNames.segment(2)) {
      try log.disk.unlink(FileNames.segment(2))
    }
    return log
  }

  @Test("a healthy log is clean, and what its checkpoints cost is counted")
  func healthy() throws {
    let log = try log()
    let survey = try LogSurvey(of: log.disk)
    #expect(survey.severity ?? .tornTail == .tornTail, "\(survey.problems)")
    #expect(survey.chain.checkpointCount == 2)
    #expect(survey.chain.checkpointBytes > 0)
    let audit = try LogAudit(of: log.disk)
    #expect(audit.closes, "\(audit.ranges) \(audit.difference)")
    #expect(audit.accepted == 7 && audit.delivered == 4 && audit.dead == 1 && audit.pending == 2)
  }

  @Test("a hole that the checkpoints don't need is none, and ends that stood in it are known")
  func hole() throws {
    let log = try droppedMiddle()
    guard try !log.disk.list().contains(FileNames.segment(2)) else {
      // The dead message's error stands there, so it stays; the rest says nothing new then.
      return
    }
    let survey = try LogSurvey(of: log.disk)
    #expect(survey.severity ?? .tornTail == .tornTail, "\(survey.problems)")
    let found = try records(log.disk)
    #expect(found.map(\.sequence) == [1, 2, 3, 7])
    #expect(found.map(\.state) == [.pending, .delivered, .dead, .pending])
    #expect(found[1].attempts == 2 && found[1].lastStatus == 201)
    #expect(try LogAudit(of: log.disk).closes)
  }

  @Test("without notes in it the middle segment goes, and everything still adds up")
  func holeWithoutNotes() throws {
    let log = try TestLog(disk: SimDisk(seed: 2))
    try log.store(1, 2)
    try log.rotate()
    try log.store(3, 4)
    try log.end([2, 3, 4], attempts: 3, status: 204)
    try log.rotate()
    try log.settle(compacts: false)
    try log.store(5)
    try log.settle(compacts: false)
    let chain = try LogChain.read(log.disk)
    #expect(try #require(chain.checkpoint).neededSegments[2] == nil)
    if try log.disk.list().contains(FileNames.segment(2)) {
      try log.disk.unlink(FileNames.segment(2))
    }
    let survey = try LogSurvey(of: log.disk)
    #expect(survey.severity ?? .tornTail == .tornTail, "\(survey.problems)")
    #expect(survey.overview.segments[0].live == 1)
    let found = try records(log.disk)
    #expect(found.map(\.sequence) == [1, 2, 5])
    #expect(found.map(\.state) == [.pending, .delivered, .pending])
    #expect(found[1].attempts == 3 && found[1].lastStatus == 204)
    let audit = try LogAudit(of: log.disk)
    #expect(audit.closes && audit.accepted == 5 && audit.delivered == 3 && audit.pending == 2)
    #expect(try LogAudit(of: log.disk, windowBytes: 0).closes)
  }

  @Test("a segment that a checkpoint needs is missed, and its messages are named")
  func missing() throws {
    let log = try log()
    try log.disk.unlink(FileNames.segment(1))
    let survey = try LogSurvey(of: log.disk)
    #expect(survey.severity == .missingSegment)
    #expect(survey.problems.contains { $0.text == "\(FileNames.segment(1)) is missing" })
    let audit = try LogAudit(of: log.disk)
    #expect(audit.ranges == [1...1, 3...3])
    #expect(audit.unaccounted == 2 && !audit.closes && audit.difference == 0)
  }

  @Test("a checkpoint with a flipped bit is damage, and the older one is asked", arguments: [0, 1])
  func flipped(index: Int) throws {
    let log = try log()
    let numbers = log.checkpoints
    let name = FileNames.checkpoint(numbers[index])
    log.disk.flip(name, bit: 90 * 8)
    let survey = try LogSurvey(of: log.disk)
    #expect(survey.severity == .damage)
    #expect(survey.problems.first { $0.severity == .damage }?.file == name)
    #expect(survey.chain.checkpoint?.number == numbers[1 - index])
    #expect(try LogAudit(of: log.disk).closes)
  }

  @Test("a checkpoint from the future, or of another store, is named and not believed")
  func strangers() throws {
    let log = try log()
    let newest = FileNames.checkpoint(try #require(log.checkpoints.last))
    let future = log.disk.clone(seed: 1)
    let last = try #require(try future.list().last { FileNames.segmentID($0) != nil })
    try future.unlink(last)
    let survey = try LogSurvey(of: future)
    #expect(survey.severity ?? .tornTail >= .damage)
    #expect(
      survey.problems.contains {
        $0.file == newest && $0.text.contains("the log ends before that")
      })

    let other = try TestLog(disk: SimDisk(seed: 77))
    try other.store(1)
    try other.settle()
    let foreign = try #require(other.checkpoints.last)
    let mixed = log.disk.clone(seed: 1)
    mixed.put(FileNames.checkpoint(99), other.disk.contents(FileNames.checkpoint(foreign)) ?? [])
    let problems = try LogSurvey(of: mixed).problems
    #expect(problems.contains { $0.file == FileNames.checkpoint(99) && $0.severity == .damage })
  }
}
