import Glibc
import Testing

@testable import SegmentLog

@Suite("Messages of a log and what became of them")
struct LogRecordsTests {
  private func records(
    _ disk: SimDisk, _ filter: MessageFilter = MessageFilter(), windowBytes: Int? = nil
  ) throws -> [MessageRecord] {
    let found = try LogRecords(LogChain.read(disk), on: disk, filter, windowBytes: windowBytes)
      .inOrder()
    #expect(found.failures.isEmpty)
    return found.records
  }

  @Test("each message with its end")
  func all() throws {
    let found = try records(SampleLog().disk())
    #expect(found.map(\.sequence) == [1, 2, 3, 4, 5, 6])
    #expect(
      found.map(\.state) == [.delivered, .dead, .cancelled, .pending, .delivered, .pending])
    #expect(found.map(\.attempts) == [1, 2, 0, 1, 1, 0])
    #expect(found.map(\.lastStatus) == [200, 410, 0, 0, 204, 0])
    #expect(found.map(\.lastError) == ["", "410 Gone", "", "connection refused", "", ""])
    #expect(found.map(\.uuid) == SampleLog.records.map { String(decoding: $0.uuid, as: UTF8.self) })
    #expect(found.map(\.destination) == Array(repeating: "http://b:8080", count: 6))
    #expect(found.map(\.segment) == [1, 1, 1, 1, 2, 2])
    #expect(found[3].start == .delay(1500))
    #expect(found[3].maxAttempts == 5)
    #expect(found[0].payloadBytes == UInt32(SampleLog.records[0].payload.count))
  }

  /// Segments whose sequences lie so far apart that each needs a chunk of its own.
  private func sparseLog() -> SimDisk {
    let disk = SimDisk()
    for index in 0..<7 as Range<UInt64> {
      var segment = SegmentBuilder(
        id: index + 1, firstSequence: 1 + index * 5000, salt: 77 + index,
        firstFrameNumber: 1 + index * 10)
      let records = (0..<3).map { segment.record($0) }
      segment.append { encoder in
        encoder.define(destination: 1, origin: "http://b:80")
        for record in records { encoder.append(record, destination: 1) }
      }
      // The end of a message that stands far before, and of one in this segment.
      segment.append { encoder in
        for sequence in [1 + index / 2 * 5000, 3 + index * 5000] {
          encoder.append(
            OutcomeRecord(sequence: sequence, kind: .delivered, attempts: 7, status: 200),
            previousNote: nil)
        }
      }
      segment.put(on: disk)
    }
    return disk
  }

  @Test("what is found does not depend on how many messages are looked up at a time")
  func windows() throws {
    let disk = sparseLog()
    let whole = try records(disk)
    #expect(
      whole.map { Int($0.sequence) }
        == (0..<7).flatMap { [1, 2, 3].map(($0 * 5000).advanced(by:)) })
    #expect(whole.filter { $0.state == .delivered }.count == 4 + 7)
    // Two chunks at a time, so four passes.
    #expect(try records(disk, windowBytes: 0) == whole)
    let audit = try LogAudit(of: disk)
    #expect(audit.pending == 10)
    let again = try LogAudit(of: disk, windowBytes: 0)
    #expect(again.pending == 10 && again.ranges == audit.ranges)
    #expect(
      try LogSurvey(of: disk, windowBytes: 0).overview == LogSurvey(of: disk).overview)
    #expect(try LogStats(of: disk, windowBytes: 0).delivered == LogStats(of: disk).delivered)
  }

  @Test("only what is asked for is shown")
  func filters() throws {
    let disk = SampleLog().disk()
    func found(_ change: (inout MessageFilter) -> Void) throws -> [Sequence] {
      var filter = MessageFilter()
      change(&filter)
      return try records(disk, filter).map(\.sequence)
    }
    #expect(try found { $0.states = [.dead, .pending] } == [2, 4, 6])
    #expect(try found { $0.uuid = Array("order_3-A".utf8) } == [3])
    #expect(try found { $0.destinations = ["http://b:8080"] }.count == 6)
    #expect(try found { $0.destinations = ["http://b"] }.isEmpty)
    // The first frame is of …010, the fourth of …040.
    #expect(try found { $0.sinceMs = 1_700_000_000_011 } == [5, 6])
    #expect(try found { $0.untilMs = 1_700_000_000_040 } == [1, 2, 3, 4])
    #expect(try found { $0.untilMs = 1_700_000_000_010 }.isEmpty)
  }

  @Test("the history of a message, attempt by attempt")
  func history() throws {
    let disk = SampleLog().disk()
    let history = try MessageHistory(
      of: SampleLog.records[1].uuid, in: LogChain.read(disk), on: disk)
    #expect(history.sequences == [2])
    #expect(history.events.map(\.error) == ["", "503 Service Unavailable", "410 Gone"])
    #expect(history.events.map(\.atMs) == [10, 20, 30].map { 1_700_000_000_000 + $0 })
    #expect(history.state(of: 2) == .dead)
    guard case .accepted = history.events[0].kind,
      case .attempt(let attempt) = history.events[1].kind,
      case .ended(let outcome) = history.events[2].kind
    else {
      Issue.record("\(history.events)")
      return
    }
    #expect(history.events[0].destination == "http://b:8080")
    #expect(attempt.count == 1 && attempt.status == 503 && attempt.delayMs == 2000)
    #expect(outcome.kind == .dead && outcome.attempts == 2)
    for unknown in ["", "order_3-a", "00000000-0000-0009-0000-000000000009"] {
      #expect(
        try MessageHistory(of: Array(unknown.utf8), in: LogChain.read(disk), on: disk)
          .sequences.isEmpty)
    }
    let text = try MessageHistory(
      of: Array("order_3-A".utf8), in: LogChain.read(disk), on: disk)
    #expect(text.state(of: 3) == .cancelled)
  }

  @Test("a segment that can't be read costs its own messages, and is named")
  func readError() throws {
    let disk = SampleLog().disk()
    disk.inject(SimFault(.read, file: FileNames.segment(1), nth: 2, code: EIO, staysBroken: true))
    let found = try LogRecords(LogChain.read(disk), on: disk).inOrder()
    #expect(found.records.map(\.sequence) == [5, 6])
    #expect(found.failures.map(\.file) == [FileNames.segment(1)])
  }

  @Test("who has seen enough ends it")
  func ends() throws {
    var written = 0
    _ = try LogRecords(LogChain.read(sparseLog()), on: sparseLog()).forEach(
      { record, out in out.append(UInt8(truncatingIfNeeded: record.sequence)) },
      write: { _ in
        written += 1
        return false
      })
    #expect(written == 1)
  }
}
