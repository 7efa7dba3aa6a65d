import Testing

@testable import SegmentLog

/// Starts without the checkpoint that would have known better.
@Suite("What a start falls back to")
struct FallBackTests {
  @Test("the text of an earlier attempt is not the reason of a dead letter that has none")
  func textless() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    try log.end([2])
    try log.rotate()
    // This segment stays, and with it the text.
    try log.retry(1, count: 1, delayMs: 100, error: "refused")
    try log.retry(1, count: 2, delayMs: 100)
    try log.end([1], .dead, attempts: 2, status: 410)
    try log.settle()
    #expect(log.cold == [1])
    #expect(log.lookup(1)?.note == nil)
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.report.checkpoint == nil)
    #expect(log.report.damage == [])
    let dead = try #require(log.lookup(1))
    #expect(dead.state == .dead)
    #expect(dead.location?.file == FileNames.cold(1))
    #expect(dead.note.flatMap { log.core.reader.note(at: $0) } == nil)
  }

  @Test("a text that stands in a segment that was not compacted stays that of a dead letter")
  func textElsewhere() throws {
    let log = try TestLog()
    try log.store(1)
    try log.store(2)
    try log.end([2])
    try log.rotate()
    try log.retry(1, count: 1, delayMs: 100, error: "refused")
    try log.end([1], .dead, attempts: 1, status: 410)
    try log.settle()
    #expect(log.cold == [1])
    for number in log.checkpoints { log.disk.remove(FileNames.checkpoint(number)) }
    try log.restart()
    #expect(log.lookup(1)?.state == .dead)
    #expect(log.lookup(1)?.note.flatMap { log.core.reader.note(at: $0) } == "refused")
  }
}
