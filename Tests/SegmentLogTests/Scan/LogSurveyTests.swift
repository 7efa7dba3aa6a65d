import Glibc
import Testing

@testable import SegmentLog

@Suite("Surveying a log")
struct LogSurveyTests {
  @Test("segments, live counts, sizes and reasons of an intact log")
  func intact() throws {
    let sample = SampleLog()
    let survey = try LogSurvey(of: sample.disk())
    #expect(survey.problems.isEmpty)
    #expect(survey.severity == nil)
    let rows = survey.overview.segments
    #expect(rows.map(\.id) == [1, 2])
    #expect(rows.map(\.state) == [.sealed, .sealed])
    #expect(rows.map(\.frames) == [3, 3])
    #expect(rows.map(\.messages) == [4, 2])
    // 2 is dead and 4 pending; 6 is pending.
    #expect(rows.map(\.live) == [2, 1])
    #expect(rows.map(\.rawBytes) == [13 * 30, 13 * 33].map(UInt64.init))
    #expect(
      rows.map(\.storedBytes)
        == [sample.first, sample.second].map { UInt64($0.bytes.count - 8192) })
    #expect(rows.map(\.firstSequence) == [1, 5])
    #expect(rows.map(\.lastSequence) == [4, 6])
    #expect(rows[0].firstAtMs == 1_700_000_000_010)
    #expect(rows[0].lastAtMs == 1_700_000_000_030)
    #expect(rows.map(\.keptBecause) == ["2 live messages (1 dead)", "1 live message"])
    #expect(survey.overview.bytesOnDisk == sample.disk().bytes)
  }

  @Test("the last segment without a footer is active, and a prepared one is shown")
  func activeAndPrepared() throws {
    let disk = SimDisk()
    SampleLog(sealed: false).put(on: disk, zeros: 10_000)
    disk.put(FileNames.next, [UInt8](repeating: 0, count: 500))
    let survey = try LogSurvey(of: disk)
    #expect(survey.overview.segments.map(\.state) == [.sealed, .active, .prepared])
    #expect(survey.overview.segments[1].keptBecause == "active")
    #expect(survey.severity == .tornTail)
    #expect(
      survey.problems.map(\.range?.lowerBound) == [SampleLog(sealed: false).second.offsets[1]])
  }

  @Test("a segment whose messages all ended goes when two checkpoints say so")
  func reasons() throws {
    var first = SegmentBuilder()
    let record = first.record(1)
    first.append { $0.append(record, destination: 0) }
    var totals = Totals()
    totals.accepted = 1
    var second = first.successor(totals: totals)
    second.append { $0.append(record, destination: 0) }
    totals.accepted = 2
    var third = second.successor(totals: totals)
    third.append { encoder in
      encoder.append(
        OutcomeRecord(sequence: 2, kind: .delivered, attempts: 1, status: 200), previousNote: nil)
    }
    let disk = SimDisk()
    for segment in [first, second, third] { segment.put(on: disk) }
    let waits = "finished; two checkpoints have to say so before it goes"
    #expect(
      try LogSurvey(of: disk).overview.segments.map(\.keptBecause)
        == ["1 live message", waits, "active"])
    third.append { encoder in
      encoder.append(
        OutcomeRecord(sequence: 1, kind: .cancelled, attempts: 0, status: 0), previousNote: nil)
    }
    third.put(on: disk)
    #expect(
      try LogSurvey(of: disk).overview.segments.map(\.keptBecause) == [waits, waits, "active"])
  }

  @Test("a segment that is missing in the middle is named")
  func missingInTheMiddle() throws {
    let disk = SampleLog().disk()
    var far = SampleLog().second.successor().successor()
    far.append(.footer)
    far.put(on: disk)
    let survey = try LogSurvey(of: disk)
    #expect(survey.severity == .missingSegment)
    #expect(survey.problems.contains { $0.text == "wal-0000000000000003.seg is missing" })
  }

  @Test("a segment that is missing at the start is found out by the accounting")
  func missingAtTheStart() throws {
    let disk = SampleLog().disk()
    try disk.unlink(FileNames.segment(1))
    let survey = try LogSurvey(of: disk)
    #expect(survey.severity == .missingSegment)
    #expect(survey.problems.count == 1)
  }

  /// What the sample log becomes when all of its messages have ended in a third segment.
  private func finishedLog() -> [SegmentBuilder] {
    let sample = SampleLog(sealed: false)
    var totals = Totals()
    totals.accepted = 6
    totals.delivered = 2
    totals.dead = 1
    totals.cancelled = 1
    var third = sample.second.successor(totals: totals)
    third.append { encoder in
      for sequence in [2, 4, 6] as [Sequence] {
        encoder.append(
          OutcomeRecord(sequence: sequence, kind: .cancelled, attempts: 0, status: 0),
          previousNote: nil)
      }
    }
    third.append(.footer)
    return [sample.first, sample.second, third]
  }

  @Test("segments that were dropped because all in them had ended are not missed")
  func droppedSegments() throws {
    let disk = SimDisk()
    let log = finishedLog()
    for (index, segment) in log.enumerated().reversed() {
      segment.put(on: disk)
      #expect(try LogSurvey(of: disk).problems.isEmpty, "from segment \(index + 1) on")
    }
  }

  @Test("a segment that a running server drops meanwhile is no problem", arguments: [1, 3])
  func vanishes(call: Int) throws {
    let disk = SimDisk()
    for segment in finishedLog() { segment.put(on: disk) }
    disk.put(FileNames.identity, Array(StoreIdentity(store: SegmentBuilder.store).json.utf8))
    // The first open comes with the listing; open and size are one kind of call.
    disk.inject(SimFault(.open, file: FileNames.segment(1), nth: call, code: ENOENT))
    let survey = try LogSurvey(of: disk)
    #expect(survey.problems.isEmpty)
    #expect(survey.overview.segments.map(\.messages).suffix(2) == [2, 0])
  }

  @Test("segments of another store, with another id, of another version, or that don't follow")
  func strangers() throws {
    func problems(_ change: (inout SampleLog, SimDisk) throws -> Void) throws -> [LogSurvey.Problem]
    {
      let disk = SampleLog().disk()
      var sample = SampleLog()
      try change(&sample, disk)
      let survey = try LogSurvey(of: disk)
      #expect(survey.severity == .damage)
      return survey.problems
    }
    let swapped = try problems { sample, disk in
      disk.put(FileNames.segment(1), sample.second.bytes)
      disk.put(FileNames.segment(2), sample.first.bytes)
    }
    #expect(
      swapped.map(\.text) == [
        "wal-0000000000000001.seg holds segment 2", "wal-0000000000000002.seg holds segment 1",
      ])
    let foreign = try problems { sample, disk in
      var header = sample.second.header
      header.store.low ^= 1
      var bytes = sample.second.bytes
      bytes.replaceSubrange(0..<8192, with: header.encodedArea())
      disk.put(FileNames.segment(2), bytes)
    }
    #expect(foreign.contains { $0.text.contains("another store") })
    let version = try problems { sample, disk in
      var bytes = sample.second.bytes
      for copy in [0, 4096] { bytes[copy + 8] = 2 }
      disk.put(FileNames.segment(2), bytes)
    }
    #expect(version.contains { $0.text.contains("log format version 2.0") })
    let broken = try problems { sample, disk in
      var header = sample.second.header
      header.predecessor?.lastFrameCRC ^= 1
      var bytes = sample.second.bytes
      bytes.replaceSubrange(0..<8192, with: header.encodedArea())
      disk.put(FileNames.segment(2), bytes)
    }
    #expect(broken.count == 1 && broken[0].text.contains("not the one that the next segment names"))
  }

  @Test(
    "a store.json that is damaged, of another format or of another store is named, and nothing is hidden",
    arguments: [
      ("{\"store\":", "can't be understood"),
      ("{\"store\":\"\(SegmentBuilder.store)\",\"format\":2}", "log format version 2"),
      (StoreIdentity(store: StoreUUID(high: 1, low: 2)).json, "all segments say"),
    ])
  func badIdentity(text: String, named: String) throws {
    let disk = SampleLog().disk()
    disk.put(FileNames.identity, Array(text.utf8))
    let survey = try LogSurvey(of: disk)
    #expect(survey.severity == .damage)
    #expect(survey.problems.map(\.file) == [FileNames.identity])
    #expect(survey.problems.allSatisfy { $0.text.contains(named) })
    #expect(survey.overview.segments.map(\.messages) == [4, 2])
  }

  @Test("a file that can't be read as a segment stands in the table and keeps what follows")
  func unusableSegment() throws {
    let disk = SampleLog().disk()
    let sizes = try disk.list().filter { FileNames.segmentID($0) != nil }
      .map { UInt64(disk.contents($0)?.count ?? 0) }
    disk.put(FileNames.segment(1), [UInt8](repeating: 7, count: Int(sizes[0])))
    let survey = try LogSurvey(of: disk)
    let rows = survey.overview.segments
    #expect(rows.map(\.id) == [1, 2])
    #expect(rows.map(\.state) == [.damaged, .sealed])
    #expect(rows.map(\.messages) == [0, 2])
    #expect(rows[0].keptBecause == "damaged")
    #expect(survey.overview.bytesOnDisk == disk.bytes)
  }

  @Test("a read error is shown at its segment, and the others are read")
  func readError() throws {
    let disk = SampleLog().disk()
    disk.inject(SimFault(.read, file: FileNames.segment(1), nth: 2, code: EIO, staysBroken: true))
    let survey = try LogSurvey(of: disk)
    #expect(survey.severity == .damage)
    #expect(survey.overview.segments.map(\.state) == [.damaged, .sealed])
    #expect(survey.overview.segments[1].messages == 2)
  }

  @Test("an empty directory is a log without segments")
  func empty() throws {
    let survey = try LogSurvey(of: SimDisk())
    #expect(survey.overview.segments.isEmpty && survey.problems.isEmpty)
  }

  @Test("nothing is written, whatever is read")
  func readOnly() throws {
    let disk = SampleLog().disk()
    let changes = disk.changes
    let survey = try LogSurvey(of: disk)
    #expect(LogRecords(survey.chain, on: disk).forEach({ _, _ in }, write: { _ in true }).isEmpty)
    _ = try LogAudit(of: disk)
    _ = try LogStats(of: disk)
    _ = try LogTail(disk, sinceMs: 0).poll { _ in }
    _ = try MessageHistory(of: SampleLog.records[1].uuid, in: survey.chain, on: disk)
    #expect(disk.changes == changes)
  }
}
