import Testing

@testable import SegmentLog

@Suite("The background check of the log's files")
struct VerificationTests {
  private static let day: UInt64 = 86_400_000

  /// Segments of the log, a cold one and a dedup file.
  private func log(every: UInt64 = day) throws -> TestLog {
    let log = try TestLog(segmentSize: 16 << 10)
    for number in 1...40 {
      try log.store([TestLog.record(number, payload: noise(900, seed: number))])
    }
    try log.end((1...30).filter { $0 % 7 != 0 })
    try log.rotate()
    try log.settle()
    #expect(log.cold.count == 1)
    #expect(log.dedups.count == 1)
    log.options.verifyEveryMs = every
    log.disk.crash(keeping: .everything)
    try log.restart()
    return log
  }

  @Test("all files are read once in the time, the first time a minute after the start")
  func rounds() throws {
    let log = try log()
    #expect(log.core.verificationWanted(nowMs: log.nowMs).isNone)
    #expect(log.core.numbers.verification.everyMs == Self.day)
    log.nowMs += VerificationSchedule.firstMs
    #expect(try log.verify() == [])
    let progress = log.core.numbers.verification
    #expect(progress.rounds == 1)
    #expect(progress.completedAtMs == log.nowMs)
    #expect(progress.bytes > 40 * 900 / 4)

    log.nowMs += Self.day - 1
    #expect(log.core.verificationWanted(nowMs: log.nowMs).isNone)
    log.nowMs += 1
    _ = try log.verify()
    #expect(log.core.numbers.verification.rounds == 2)
  }

  @Test("it is off at 0")
  func off() throws {
    let log = try log(every: 0)
    log.nowMs += 1000 * Self.day
    #expect(log.core.verificationWanted(nowMs: log.nowMs).isNone)
    #expect(log.core.verificationDueMs(nowMs: log.nowMs) == nil)
  }

  @Test("a flipped bit of any byte is found, in segments, cold ones and dedup files")
  func everyByte() throws {
    let log = try log()
    log.nowMs += VerificationSchedule.firstMs
    let files = try log.disk.list().filter { name in
      LogFile(name: name) != nil && name != log.segmentFile(log.core.active.id)
    }
    #expect(files.count > 3)
    for file in files {
      let bytes = try #require(log.disk.contents(file))
      let start = file.hasSuffix(".seg") ? Int(FormatLimits.firstFrameOffset) : 0
      for byte in stride(from: start, to: bytes.count, by: 211) {
        let disk = log.disk.clone(seed: 1)
        let (core, _) = try LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
        disk.flip(file, bit: byte * 8 + byte % 8)
        var found: [LogNews] = []
        let nowMs = log.nowMs + VerificationSchedule.firstMs
        while let job = core.verificationWanted(nowMs: nowMs) {
          let news = core.verified(
            job.run(on: disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: nowMs)
          if !news.isEmpty { found.append(news) }
        }
        let isDamage = file.hasSuffix(".seg")
        #expect(found.count == 1, "\(file), byte \(byte)")
        #expect(found.first?.damage.first?.file == (isDamage ? file : nil), "\(file), byte \(byte)")
        #expect(core.readOnlyReason != nil || !isDamage)
      }
    }
  }

  @Test("files that are dropped or compacted meanwhile are no news")
  func dropped() throws {
    let log = try log()
    log.nowMs += VerificationSchedule.firstMs
    var jobs: [VerificationJob] = []
    while let job = log.core.verificationWanted(nowMs: log.nowMs) {
      jobs.append(job)
      // Gone before it is read, and those that come after it, too.
      for segment in log.core.state.segments.dropLast().reversed() {
        log.disk.remove(segment.file)
        let index = try #require(log.core.state.segments.firstIndex { $0.id == segment.id })
        log.core.state.remove(Holder(kind: .wal, index: index))
      }
      let news = log.core.verified(
        job.run(on: log.disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: log.nowMs)
      #expect(news.damage == [])
    }
    #expect(!jobs.isEmpty)
    #expect(log.core.numbers.verification.rounds == 1)
    #expect(log.core.readOnlyReason == nil)
  }

  @Test("a job that was cancelled is none that found nothing")
  func cancelled() throws {
    let log = try log()
    log.nowMs += VerificationSchedule.firstMs
    let job = try #require(log.core.verificationWanted(nowMs: log.nowMs))
    let result = job.run(on: log.disk, pacer: Cancelled())
    guard case .cancelled = result.outcome else {
      Issue.record("\(result.outcome)")
      return
    }
    #expect(log.core.verified(result, isUrgent: false, nowMs: log.nowMs) == LogNews())
  }

  private struct Cancelled: CompactionPacer {
    func passed(bytes: Int) -> Bool { false }
  }

  @Test("a clock that was set back does not put the next round off")
  func clock() {
    var schedule = VerificationSchedule(everyMs: Self.day, nowMs: 1000 * Self.day)
    #expect(schedule.dueMs(nowMs: Self.day) == Self.day)
    let next = schedule.next(nowMs: Self.day) { [] }
    #expect(next?.file == nil)
    #expect(schedule.progress.rounds == 1)
    #expect(schedule.dueMs(nowMs: Self.day) == 2 * Self.day)
  }

  @Test("the pace follows from what stands there and the time, within limits")
  func pace() throws {
    func rate(_ bytes: UInt64, every: UInt64) -> UInt64 {
      var schedule = VerificationSchedule(everyMs: every, nowMs: 0)
      _ = schedule.next(nowMs: every) { [(.wal(1), bytes)] }
      return schedule.rate
    }
    #expect(rate(1 << 30, every: Self.day) == VerificationSchedule.slowest)
    #expect(rate(400 << 30, every: Self.day) / (1 << 20) == 6)
    #expect(rate(.max, every: Self.day) == VerificationSchedule.fastest)
    #expect(rate(1 << 40, every: 1) == VerificationSchedule.fastest)
  }
}

extension Optional {
  fileprivate var isNone: Bool { if case .none = self { true } else { false } }
}
