import Testing

@testable import SegmentLog

/// Whoever can write files can give them right checksums, too.
@Suite("Numbers near 2^64 in a forged log")
struct ForgedNumbersTests {
  static let edges: [UInt64] = [
    (1 << 48) - 1, 1 << 48, (1 << 62) - 1, 1 << 62, 1 << 63, .max - 8192, .max - 1, .max,
  ]

  /// A segment with three messages, what `forge` adds, and one with two more behind it.
  private func log(_ forge: (inout LogForgery) -> Void) -> LogForgery {
    var log = LogForgery()
    log.begin(LogForgery.header())
    log.append(frame(1, base: 1, LogForgery.messages(3)))
    forge(&log)
    var header = LogForgery.header(9)
    header.firstSequence = 4
    header.firstFrameNumber = 50
    header.totals.accepted = 3
    log.begin(header)
    log.append(frame(50, base: 4, LogForgery.messages(2)))
    log.append(frame(51, base: 6, []))
    return log
  }

  private func frame(
    _ number: UInt64, base: Sequence, _ directory: [UInt8]
  ) -> LogForgery.Frame {
    LogForgery.Frame(
      number: number, base: base, committedAtMs: 1_700_000_000_000, directory: directory)
  }

  private func open(_ log: LogForgery) throws -> RecoveryReport {
    var options = LogOptions(segmentSize: 64 << 10, newStore: LogForgery.store, saltSeed: 7)
    options.readsInParallel = false
    let disk = DryDisk(over: MemoryDisk(log.files))
    return try LogCore.open(disk: disk, options: options, nowMs: 1_800_000_000_000).1
  }

  @Test("are damage in a header, and end no program", arguments: edges)
  func headers(edge: UInt64) throws {
    let places: [WritableKeyPath<SegmentHeader, UInt64>] = [
      \.firstSequence, \.createdMs, \.firstFrameNumber, \.totals.accepted,
    ]
    for place in places {
      var header = LogForgery.header(2)
      header.firstSequence = 4
      header.totals.accepted = 3
      header[keyPath: place] = edge
      let forged = log { $0.begin(header) }
      forged.use()
      guard edge >= FormatLimits.numberMax else { continue }
      #expect(try open(forged).damage.contains { $0.file == FileNames.segment(2) }, "\(place)")
    }
    for (length, sequence) in [(edge, 3), (8192, edge)] as [(UInt64, UInt64)] {
      for id in [1, edge] {
        var header = LogForgery.header(2)
        header.firstSequence = 4
        header.predecessor = SegmentHeader.Predecessor(
          id: id, durableLength: length, lastSequence: sequence, lastFrameCRC: 0)
        log { $0.begin(header) }.use()
      }
    }
  }

  @Test("are damage in a frame, and end no program", arguments: edges)
  func frames(edge: UInt64) throws {
    let places: [WritableKeyPath<LogForgery.Frame, UInt64>] = [
      \.number, \.base, \.committedAtMs, \.syncedUpTo,
    ]
    for place in places {
      for directory in [LogForgery.messages(2), []] {
        var forged = frame(2, base: 4, directory)
        forged[keyPath: place] = edge
        let log = log {
          $0.append(forged)
          $0.append(frame(3, base: 4, []))
        }
        log.use()
        guard edge >= FormatLimits.numberMax, place != \.syncedUpTo else { continue }
        let report = try open(log)
        #expect(!report.damage.isEmpty, "\(place)")
        #expect(report.messages == 5, "\(place): the others are read")
      }
    }
  }

  @Test("are damage in a directory, and end no program", arguments: edges)
  func directories(edge: UInt64) {
    let outcomes = OutcomeKind.allCases.map { LogForgery.outcome($0, edge, base: 4) }
    let compactions = [CompactionRecord.Input(kind: .wal, id: edge), .init(kind: .cold, id: 1)].map
    {
      LogForgery.compaction(
        CompactionRecord(cold: edge, dedup: edge, copied: edge, remembered: edge, inputs: [$0]))
    }
    let others = [
      LogForgery.attempt(edge, base: 4),
      LogForgery.attempt(3, base: 4, delayMs: UInt64(UInt32.max)),
      LogForgery.lost(edge), LogForgery.messages(2, startMs: edge, maxAgeMs: edge),
    ]
    for directory in outcomes + compactions + others {
      log { log in
        for number in 2..<5 as Range<UInt64> { log.append(frame(number, base: 4, directory)) }
      }.use()
    }
  }

  @Test("are no checkpoint", arguments: edges.filter { $0 >= FormatLimits.numberMax })
  func checkpoints(edge: UInt64) {
    let places: [WritableKeyPath<Checkpoint, UInt64>] = [
      \.createdMs, \.position.segment, \.position.offset, \.position.frameOffset,
      \.position.nextFrameNumber, \.counters.nextSequence, \.counters.lastCommittedAtMs,
      \.counters.dedupFloor, \.counters.lostOutside, \.counters.totals.accepted,
      \.counters.nextCold, \.counters.nextDedup,
    ]
    for place in places {
      var checkpoint = SampleCheckpoint.random(seed: 3, segments: 3, messagesMax: 20)
      #expect(checkpoint.contradiction == nil)
      checkpoint[keyPath: place] = edge
      #expect(checkpoint.contradiction != nil, "\(place)")
    }
  }

  @Test("in names of files are passed over")
  func names() throws {
    let forged = log { log in
      for name in [
        FileNames.segment(.max), FileNames.segment(1 << 62), FileNames.cold(.max),
        FileNames.dedup(.max), FileNames.checkpoint(.max), FileNames.checkpoint(1 << 62),
      ] {
        log.add(name, [1, 2, 3])
      }
    }
    forged.use()
    #expect(try open(forged).messages == 5)
  }
}
