import Testing

@testable import SegmentLog

@Suite("Copying forward")
struct CompactionJobTests {
  /// Three segments: 1 to 3 in the first, 4 to 6 in the second, 7 in the third, which is active.
  /// 1, 4 and 6 are delivered, 2 was tried, 5 is dead, 3 is pending, 7 is pending.
  private func log(disk: SimDisk = SimDisk(seed: 1)) throws -> TestLog {
    let log = try TestLog(disk: disk)
    try log.store(1, 2, 3)
    try log.retry(2, count: 1, delayMs: 5000, error: "503 at first")
    try log.rotate()
    log.nowMs += 1000
    try log.store((4...6).map { TestLog.record($0, to: "http://other:1") })
    try log.end([1, 4])
    try log.retry(2, count: 2, delayMs: 9000, error: "503 again")
    try log.end([5], .dead, attempts: 3, status: 410, error: "410 Gone")
    try log.end([6], .cancelled, attempts: 0, status: 0)
    try log.rotate()
    try log.store(7)
    return log
  }

  private func job(_ log: TestLog, _ ids: [UInt64], nowMs: UInt64? = nil) -> CompactionJob {
    let state = log.core.state
    var origins: [UInt32: String] = [:]
    for id in 0..<10 as Range<UInt32> { origins[id] = state.destinations.origin(id) }
    return CompactionJob(
      inputs: state.segments.filter { ids.contains($0.id) },
      others: StandingSegments(
        wal: state.segments.filter { !ids.contains($0.id) }, cold: []),
      attempts: state.attempts, origins: origins, store: log.core.store, coldID: 1, dedupID: 1,
      salt: 99, nowMs: nowMs ?? log.nowMs, dedupFloor: 1, dedupWindowMs: 86_400_000)
  }

  private func output(_ result: CompactionResult) throws -> CompactionOutput {
    #expect(result.refused.isEmpty)
    return try #require(try result.outcome.get())
  }

  private func read(_ log: TestLog, id: UInt64 = 1) throws -> (ColdFile, [FrameDirectory]) {
    var directories: [FrameDirectory] = []
    let file = try ColdFile.read(
      FileNames.cold(id), id: id, store: log.core.store, on: log.disk,
      visit: { directories.append($1) }, number: { number, _ in number })
    return (file, directories)
  }

  @Test("live messages are copied with their sequences, the delivered ones are remembered")
  func copies() throws {
    let log = try log()
    let output = try output(job(log, [1, 2]).run(on: log.disk, pacer: Unpaced()))
    #expect(
      output.record
        == CompactionRecord(
          cold: 1, dedup: 1, copied: 3, remembered: 2,
          inputs: [.init(kind: .wal, id: 1), .init(kind: .wal, id: 2)]))
    let (file, _) = try read(log)
    #expect(file.segment.damage == nil)
    #expect(file.record == output.record)
    #expect((1...9).filter { file.segment.holds($0) } == [2, 3, 5])
    let reader = LogReader(disk: log.disk)
    for (sequence, acceptedAtMs) in [(2, 0), (3, 0), (5, 1000)] as [(Sequence, UInt64)] {
      let location = file.segment.location(of: sequence)
      let frame = try #require(reader.frame(holding: location))
      let message = try #require(frame.directory.message(sequence))
      #expect(message.acceptedAtMs == 1_700_000_000_000 + acceptedAtMs)
      #expect(message.key == TestLog.record(Int(sequence)).key)
      #expect(
        reader.payloads(at: [location]) == [TestLog.record(Int(sequence)).payload])
    }
    let dedup = try DedupFile(id: 1, store: log.core.store, on: log.disk)
    #expect(try dedup.entry(4)?.key == TestLog.record(4).key)
    #expect(try dedup.entry(1)?.contentHash == TestLog.record(1).contentHash)
    #expect(try dedup.entry(6) == nil)
    #expect(try log.disk.list().filter { $0.hasSuffix(".tmp") }.isEmpty)
  }

  @Test("who follows the log still knows a message by name when it was copied forward")
  func followed() throws {
    let log = try log()
    let tail = LogTail(log.disk)
    var events: [LogEvent] = []
    while try tail.poll({ events.append($0) }) {}
    #expect(events.isEmpty, "it begins at the end")
    _ = try output(job(log, [1, 2]).run(on: log.disk, pacer: Unpaced()))
    for id in [1, 2] as [UInt64] { try log.disk.unlink(log.segmentFile(id)) }
    try log.end([3])
    try log.end([5], .cancelled, attempts: 3, status: 0)
    while try tail.poll({ events.append($0) }) {}
    #expect(events.map(\.sequence) == [3, 5])
    #expect(
      events.map { Array($0.uuid.utf8) } == [TestLog.record(3).uuid, TestLog.record(5).uuid])
    #expect(events.map(\.destination) == [TestLog.record(3).destination, "http://other:1"])
  }

  @Test("what tried and dead messages wait for is copied, with the last text")
  func states() throws {
    let log = try log()
    let output = try output(job(log, [1, 2]).run(on: log.disk, pacer: Unpaced()))
    let (_, directories) = try read(log)
    let waits = directories.flatMap(\.waits)
    #expect(
      waits == [
        DirectoryWait(
          sequence: 2, attempts: 2, status: 503, delayMs: 9000,
          dueAtMs: 1_700_000_000_000 + 10_000)
      ])
    let outcomes = directories.flatMap(\.outcomes)
    #expect(
      outcomes == [DirectoryOutcome(sequence: 5, kind: .dead, status: 410, attempts: 3)])
    let reader = LogReader(disk: log.disk)
    let texts = output.notes.map { note in
      reader.note(
        at: NoteLocation(
          file: FileNames.cold(1), salt: 99, frameOffset: note.place.frameOffset,
          sequence: note.sequence))
    }
    #expect(output.notes.map(\.sequence) == [2, 5])
    #expect(texts == ["503 again", "410 Gone"])
  }

  @Test("what the inputs say of messages elsewhere is kept")
  func elsewhere() throws {
    let log = try log()
    try log.end([7])
    let output = try output(job(log, [2]).run(on: log.disk, pacer: Unpaced()))
    let (file, directories) = try read(log)
    // 5 alone lives here; 1 ended and 2 was tried last in this segment, both stand in the first.
    #expect(file.segment.count == 1)
    #expect(directories.flatMap(\.waits).map(\.sequence) == [2])
    #expect(
      directories.flatMap(\.outcomes).filter { $0.kind != .dead }
        == [DirectoryOutcome(sequence: 1, kind: .delivered, status: 200, attempts: 1)])
    #expect(output.notes.map(\.sequence).sorted() == [2, 5])
    // 4 is remembered from this segment, 1 stands where it is.
    #expect(output.record.remembered == 1)
  }

  @Test("nothing is remembered when the window is over, and no file is made for nothing")
  func windowOver() throws {
    let log = try log()
    try log.end([3])
    let late = job(log, [1, 2], nowMs: log.nowMs + 86_400_000)
    #expect(try output(late.run(on: log.disk, pacer: Unpaced())).record.dedup == nil)
    let other = try self.log()
    try other.end([2, 3, 5], .cancelled)
    let empty = job(other, [1, 2], nowMs: other.nowMs + 86_400_000)
    let output = try output(empty.run(on: other.disk, pacer: Unpaced()))
    #expect(output.record.cold == nil && output.record.dedup == nil)
    #expect(try other.disk.list().allSatisfy { !$0.hasPrefix("cold") && !$0.hasPrefix("dedup") })
  }

  @Test("a damaged input is named and left out, the others are compacted")
  func damagedInput() throws {
    let log = try log()
    let bytes = try #require(log.disk.contents(FileNames.segment(2)))
    log.disk.flip(FileNames.segment(2), bit: (bytes.count - 20) * 8)
    let result = job(log, [1, 2]).run(on: log.disk, pacer: Unpaced())
    #expect(result.refused.map(\.input) == [.init(kind: .wal, id: 2)])
    #expect(result.refused[0].description.contains("is left as it is: damaged at offset"))
    let output = try #require(try result.outcome.get())
    #expect(output.record.inputs.map(\.id) == [1])
    #expect(output.record.copied == 2)
  }

  @Test("an input with a section of a later version is left alone", arguments: [0x90, 0x0a])
  func unknownSection(type: UInt8) throws {
    let log = try log()
    let state = try #require(log.core.state.segments.first)
    var bytes = try #require(log.disk.contents(FileNames.segment(1)))
    bytes += forgeFrame(
      directory: section(type, count: 1, [1]), records: 0, salt: state.salt, frameNumber: 1000,
      baseSequence: 4)
    log.disk.put(FileNames.segment(1), bytes)
    var job = job(log, [1])
    job.inputs[0].end = UInt64(bytes.count)
    let result = job.run(on: log.disk, pacer: Unpaced())
    #expect(result.refused.count == 1)
    #expect(try result.outcome.get() == nil)
    #expect(try log.disk.list().allSatisfy { !$0.hasPrefix("cold") })
  }

  @Test("a failure at any call leaves nothing behind but whole files")
  func everyFailure() throws {
    let calls: Int
    do {
      let log = try log()
      let before = log.disk.calls
      _ = try output(job(log, [1, 2]).run(on: log.disk, pacer: Unpaced()))
      calls = log.disk.calls - before
    }
    for nth in 1...calls {
      let log = try log()
      log.disk.inject(SimFault(nil, nth: nth, code: 5))
      let result = job(log, [1, 2]).run(on: log.disk, pacer: Unpaced())
      log.disk.clearFaults()
      switch result.outcome {
      case .success(let output):
        // A read that failed refuses an input.
        if let output, output.record.cold != nil { #expect(try read(log).0.segment.damage == nil) }
      case .failure(let error):
        let names = try log.disk.list()
        #expect(
          names.allSatisfy { !$0.hasPrefix("cold") && !$0.hasPrefix("dedup") },
          "\(error) at call \(nth): \(names)")
      }
    }
  }

  @Test("it ends when it is told to, and leaves nothing behind")
  func cancelled() throws {
    struct Never: CompactionPacer {
      func passed(bytes: Int) -> Bool { false }
    }
    let log = try log()
    let result = job(log, [1, 2]).run(on: log.disk, pacer: Never())
    guard case .failure(.cancelled) = result.outcome else {
      Issue.record("\(result.outcome)")
      return
    }
    #expect(try log.disk.list().allSatisfy { !$0.hasPrefix("cold") && !$0.hasSuffix(".tmp") })
  }

  @Test("a file that stands under the name of the output is neither replaced nor deleted")
  func taken() throws {
    let log = try log()
    log.disk.put(FileNames.cold(1), [1, 2, 3])
    guard case .failure = job(log, [1, 2]).run(on: log.disk, pacer: Unpaced()).outcome else {
      Issue.record("it was replaced")
      return
    }
    #expect(log.disk.contents(FileNames.cold(1)) == [1, 2, 3])
    #expect(try log.disk.list().allSatisfy { !$0.hasSuffix(".tmp") && !$0.hasPrefix("dedup") })
  }

  @Test("any mix of segments, compacted again and again, keeps what lives", arguments: 1...12)
  func random(seed: UInt64) throws {
    var random = RandomRecords(seed: seed)
    let log = try TestLog(disk: SimDisk(seed: seed))
    var live: Set<Sequence> = []
    for _ in 0..<6 {
      for _ in 0..<random.int(1...6) {
        let numbers = (0..<random.int(1...40)).map { _ in random.int(1...1 << 40) }
        live.formUnion(
          try log.store(
            numbers.map {
              TestLog.record($0, to: "http://h\($0 % 5):1", payload: random.payload(max: 400))
            }))
        let ended = live.filter { _ in random.chance(30) }.sorted()
        try log.end(ended)
        live.subtract(ended)
        for sequence in live.sorted() where random.chance(10) {
          let count = (log.core.state.attempts[sequence]?.count ?? 0) + 1
          try log.retry(sequence, count: count, delayMs: 1000, error: random.text())
        }
      }
      try log.rotate()
    }
    let sealed = Array(log.segments.dropLast())
    let output = try output(job(log, sealed).run(on: log.disk, pacer: Unpaced()))
    let cold = try #require(output.cold)
    #expect(cold.count == live.count)
    let before = LogReader(disk: log.disk)
    let after = LogReader(disk: log.disk)
    let sequences = live.sorted()
    let old = before.payloads(at: log.core.locate(sequences))
    let new = after.payloads(at: sequences.map { cold.location(of: $0) })
    #expect(old == new)
    #expect(!new.contains(nil))
    // And once more from the cold segment, with one more message gone.
    var again = job(log, [])
    again.inputs = [cold]
    again.others = StandingSegments(wal: [log.core.state.segments.last!], cold: [])
    again.coldID = 2
    again.dedupID = 2
    for note in output.notes { again.attempts[note.sequence]?.note = note.place }
    let gone = sequences[0]
    again.attempts[gone] = nil
    again.inputs[0].end(gone, EndingKind(kind: .delivered, status: 200, attempts: 1))
    let second = try self.output(again.run(on: log.disk, pacer: Unpaced()))
    #expect(second.cold?.count ?? 0 == live.count - 1)
    #expect(second.record.remembered == 1)
    let rest = Array(sequences.dropFirst())
    #expect(
      after.payloads(at: rest.map { second.cold?.location(of: $0) }) == Array(old.dropFirst()))
    #expect(
      Set(second.notes.map(\.sequence)) == Set(output.notes.map(\.sequence)).subtracting([gone]))
  }
}
