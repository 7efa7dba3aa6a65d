import Testing

@testable import SegmentLog

@Suite("The accounting from the directory alone")
struct LogAuditTests {
  @Test("an intact log's accounting closes")
  func closes() throws {
    let audit = try LogAudit(of: SampleLog().disk())
    #expect(audit.accepted == 6)
    #expect(audit.delivered == 2)
    #expect(audit.dead == 1)
    #expect(audit.cancelled == 1)
    #expect(audit.pending == 2)
    #expect(audit.unaccounted == 0 && audit.ranges.isEmpty && audit.closes)
    #expect(try LogAudit(of: SimDisk()).closes)
  }

  @Test("messages of a frame that is gone are unaccounted for, unless their end is known")
  func lostFrame() throws {
    let disk = SampleLog().disk()
    disk.flip(FileNames.segment(1), bit: (Int(SampleLog().first.offsets[0]) + 20) * 8)
    let audit = try LogAudit(of: disk)
    // 1 was delivered and 3 cancelled: the records of that stand.
    #expect(audit.ranges == [2...2, 4...4])
    #expect(audit.unaccounted == 2)
    #expect(audit.accepted == 6 && audit.delivered == 2 && audit.cancelled == 1)
    #expect(audit.pending == 1 && audit.dead == 0)
    #expect(audit.difference == 0 && !audit.closes)
  }

  @Test("messages at the log's end whose frame is gone count only when they were accepted")
  func lostAtTheEnd() throws {
    let sample = SampleLog(sealed: false)
    let disk = SampleLog(sealed: false).disk()
    let end = Int(sample.second.offsets[0])
    disk.put(FileNames.segment(2), Array(sample.second.bytes[..<end]))
    // Nothing says that 5 and 6 were ever given.
    let torn = try LogAudit(of: disk)
    #expect(torn.accepted == 4 && torn.closes)
    // The frame behind them says so.
    let damaged = SampleLog(sealed: false).disk()
    damaged.flip(FileNames.segment(2), bit: (end + 20) * 8)
    let audit = try LogAudit(of: damaged)
    #expect(audit.accepted == 6)
    #expect(audit.ranges == [6...6])
  }

  @Test("ends that are lost make the sum too large")
  func lostEnds() throws {
    let disk = SampleLog().disk()
    // The frame with the end of 1, the attempts of 2 and 4.
    disk.flip(FileNames.segment(1), bit: (Int(SampleLog().first.offsets[1]) + 20) * 8)
    let audit = try LogAudit(of: disk)
    #expect(audit.pending == 3 && audit.delivered == 2)
    #expect(audit.difference == 1 && !audit.closes)
  }

  @Test("segments before the oldest that stands are counted, if not named")
  func missingBefore() throws {
    let disk = SampleLog().disk()
    try disk.unlink(FileNames.segment(1))
    let audit = try LogAudit(of: disk)
    #expect(audit.accepted == 6)
    // 2 was dead and 4 pending.
    #expect(audit.unnamed == 2 && audit.unaccounted == 2)
    #expect(audit.delivered == 2 && audit.cancelled == 1 && audit.pending == 1)
    #expect(audit.difference == 0 && !audit.closes)
  }

  @Test("a segment that is missing in the middle is unaccounted for by its sequences")
  func missingInTheMiddle() throws {
    var third = SampleLog(sealed: false).second.successor(totals: totals())
    third.append { encoder in
      encoder.define(destination: 1, origin: "http://b:8080")
      encoder.append(SampleLog.records[0], destination: 1)
    }
    let disk = SampleLog(sealed: false).disk()
    third.put(on: disk)
    #expect(try LogAudit(of: disk).closes)
    try disk.unlink(FileNames.segment(2))
    let audit = try LogAudit(of: disk)
    #expect(audit.ranges == [5...6])
    #expect(audit.accepted == 7)
  }

  private func totals() -> Totals {
    var totals = Totals()
    totals.accepted = 6
    totals.delivered = 2
    totals.dead = 1
    totals.cancelled = 1
    return totals
  }

  @Test("gaps are listed up to a limit, and all are counted")
  func manyGaps() throws {
    let disk = SimDisk()
    // Every second frame is lost: 2500 gaps of one.
    var segment = SegmentBuilder()
    var offsets: [Int] = []
    for number in 1...5001 {
      offsets.append(segment.bytes.count)
      let record = segment.record(number)
      segment.append { $0.append(record, destination: 1) }
    }
    var bytes = segment.bytes
    for index in stride(from: 1, to: 5000, by: 2) { bytes[offsets[index] + 20] ^= 1 }
    disk.put(FileNames.segment(1), bytes)
    let audit = try LogAudit(of: disk)
    #expect(audit.unaccounted == 2500)
    #expect(audit.ranges.count == LogAudit.rangesMax && audit.furtherRanges == 1500)
    #expect(audit.pending == 2501 && audit.difference == 0)
  }
}

@Suite("Statistics of a log")
struct LogStatsTests {
  @Test("sizes, syncs, latencies and destinations of an intact log")
  func sample() throws {
    let disk = SampleLog().disk()
    let stats = try LogStats(of: disk)
    #expect(stats.segments == 2 && stats.messages == 6 && stats.frames == 6)
    #expect(stats.attempts == 2 && stats.outcomes == 4)
    #expect(stats.payloadBytes == UInt64(SampleLog.records.reduce(0) { $0 + $1.payload.count }))
    #expect(stats.bytesOnDisk == disk.bytes)
    let identity = UInt64(disk.contents(FileNames.identity)?.count ?? 0)
    #expect(stats.frameBytes == stats.bytesOnDisk - identity - 2 * 8192)
    #expect(stats.directoryBytes < stats.frameBytes)
    // Each frame was written when the one before was synced.
    #expect(stats.syncs == 6)
    // 1 after 10 ms, 5 after 10 ms; 2 after 20 ms, 3 after 20 ms.
    #expect(stats.delivered.count == 2 && stats.delivered.max == 10)
    #expect(stats.dead.count == 1 && stats.dead.quantile(0.5) == 20)
    #expect(stats.cancelled.count == 1 && stats.cancelled.mean == 20)
    #expect(stats.destinations.map(\.name) == ["http://b:8080"])
    #expect(stats.destinations.map(\.messages) == [6])
    #expect(stats.destinations[0].payloadBytes == stats.payloadBytes)
    #expect(stats.firstAtMs == 1_700_000_000_010)
  }

  @Test("of too many destinations the heaviest are kept, in bounded memory")
  func top() {
    var top = TopCounter()
    for number in 0..<50_000 {
      top.add("http://\(number):80", TopCounter.Entry(messages: 1, payloadBytes: 10))
      if number % 4 == 0 {
        top.add("http://heavy:80", TopCounter.Entry(messages: 2, payloadBytes: 20))
      }
    }
    #expect(top.count <= TopCounter.namesMax && top.isPartial)
    #expect(top.top(1).map(\.name) == ["http://heavy:80"])
    #expect(top.top(1)[0].entry.messages == 25_000)
  }
}
