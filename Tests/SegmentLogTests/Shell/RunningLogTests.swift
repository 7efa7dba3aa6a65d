import Glibc
import Synchronization
import Testing

@testable import SegmentLog

@Suite("A log with its threads")
struct RunningLogTests {
  private func withBench(_ body: (LogWorkbench) async throws -> Void) async throws {
    let bench = try LogWorkbench()
    defer { bench.remove() }
    try await body(bench)
  }

  @Test("many producers: each message has one answer, one number and one place")
  func producers() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      let (producers, each) = (6, 500)
      let numbers = await withTaskGroup { group in
        for producer in 0..<producers {
          group.addTask {
            let completions = Completions()
            let me = log.producer(deliver: completions.deliver)
            for token in 0..<each {
              let record = LogWorkbench.record(producer * each + token)
              #expect(log.submit(record, token: UInt64(token), from: me) == .accepted)
              if token % 50 == 0 { await Task.yield() }
            }
            let answers = await completions.wait(for: each)
            #expect(answers.map(\.token) == (0..<UInt64(each)).map { $0 })
            return answers.compactMap(\.stored)
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      #expect(numbers.sorted() == Array(1...Sequence(producers * each)))
      #expect(bench.committed.withLock { $0.map(\.sequence) } == numbers.sorted())
      #expect(log.totals.accepted == UInt64(producers * each))
      await log.close()
    }
  }

  @Test("what gathers during a sync is one frame, and one call per producer")
  func groupCommit() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      let completions = Completions()
      let me = log.producer(deliver: completions.deliver)
      let before = log.metrics()
      bench.syncs.hold()
      _ = log.submit(LogWorkbench.record(0), token: 0, from: me)
      await bench.syncs.waitUntilBlocked()
      for token in 1..<200 {
        _ = log.submit(LogWorkbench.record(token), token: UInt64(token), from: me)
      }
      #expect(completions.calls == 0)
      #expect(log.metrics().waitingMessages == 200)
      bench.syncs.release()
      #expect(await completions.wait(for: 200).compactMap(\.stored) == Array(1...200))
      #expect(completions.calls == 2)
      let after = log.metrics()
      // On a machine that is busy for a second with something else a witness follows them.
      #expect((2...3).contains(after.frames - before.frames))
      #expect((2...3).contains(after.syncs - before.syncs))
      #expect(after.syncHistogram.reduce(0, +) == after.syncs)
      await log.close()
      #expect(log.metrics().waitingMessages == 0)
      #expect(log.metrics().waitingBytes == 0)
    }
  }

  @Test("more than a frame holds is several, all of them answered")
  func manyFrames() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      let completions = Completions()
      let me = log.producer(deliver: completions.deliver)
      bench.syncs.hold()
      for token in 0..<3_000 {
        _ = log.submit(LogWorkbench.record(token, size: 2_000), token: UInt64(token), from: me)
      }
      bench.syncs.release()
      #expect(await completions.wait(for: 3_000).compactMap(\.stored) == Array(1...3_000))
      await log.close()
    }
  }

  @Test("a failed sync: the waiting hear that nobody knows, all later ones no")
  func failure() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      let completions = Completions()
      let me = log.producer(deliver: completions.deliver)
      _ = log.submit(LogWorkbench.record(0), token: 0, from: me)
      _ = await completions.wait(for: 1)
      bench.syncs.hold()
      _ = log.submit(LogWorkbench.record(1), token: 1, from: me)
      await bench.syncs.waitUntilBlocked()
      _ = log.submit(LogWorkbench.record(2), token: 2, from: me)
      let batch = Task { try await log.enqueue([LogWorkbench.record(3)]) }
      let attempt = AttemptRecord(sequence: 1, count: 1, delayMs: 1, status: 500)
      let change = Task { try await log.apply([.attempt(attempt)], hurry: false) }
      bench.syncs.breakDown()
      bench.syncs.release()
      let answers = await completions.wait(for: 3)
      #expect(answers[0].stored == 1)
      #expect(answers[1].result == .failure(.outcomeUnknown))
      #expect(answers[2].result == .failure(.outcomeUnknown))
      // Handed over before or after the end, it is never an answer of success.
      await #expect(throws: LogRejection.self) { try await batch.value }
      await #expect(throws: LogRejection.self) { try await change.value }
      await log.close()
      #expect(bench.failures.withLock { $0.map(\.error.code) } == [EIO])
      #expect(bench.failures.withLock { $0[0].error.operation } == .sync)
      guard
        case .rejected(.unavailable(let reason)) = log.submit(
          LogWorkbench.record(4), token: 4, from: me)
      else {
        Issue.record("a failed log takes nothing")
        return
      }
      #expect(reason.contains("/wal-0000000000000001.seg failed: "))
      await #expect(throws: LogRejection.self) { try await log.ask { $0.totals } }
      await #expect(throws: LogRejection.self) { try await log.compact() }
    }
  }

  @Test("what was answered before a failure is there afterwards")
  func afterFailure() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      let answer = try await log.enqueue([LogWorkbench.record(0), LogWorkbench.record(1)])
      #expect(answer == .admitted([.stored(1), .stored(2)]))
      bench.syncs.breakDown()
      await #expect(throws: LogRejection.outcomeUnknown) {
        try await log.enqueue([LogWorkbench.record(2)])
      }
      await log.close()
      let other = try LogDirectory(path: bench.path)
      other.unlock()
      #expect(bench.committed.withLock { $0.map(\.sequence) } == [1, 2])
    }
  }

  @Test("changes without hurry wait for a commit that is made anyway")
  func riding() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      _ = try await log.enqueue([LogWorkbench.record(0)])
      let done = Atomic(false)
      let refused = Task {
        defer { done.store(true, ordering: .relaxed) }
        return try await log.apply(
          [.attempt(AttemptRecord(sequence: 1, count: 1, delayMs: 9, status: 500))], hurry: false)
      }
      // The delay is an hour here: only another commit can end the wait.
      var number = 1
      while !done.load(ordering: .relaxed) {
        _ = try await log.enqueue([LogWorkbench.record(number)])
        number += 1
      }
      #expect(try await refused.value == [])
      await log.close()
    }
  }

  @Test("many changes without hurry are a frame of their own")
  func manyChanges() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      _ = try await log.enqueue((0..<300).map { LogWorkbench.record($0) })
      let changes = (1...300).map { sequence in
        StateChange.outcome(
          OutcomeRecord(sequence: sequence, kind: .delivered, attempts: 1, status: 200))
      }
      #expect(try await log.apply(changes, hurry: false) == [])
      #expect(log.totals.delivered == 300)
      #expect(try await log.apply(changes, hurry: false) == Array(0..<300))
      await log.close()
    }
  }

  @Test("close writes what waits without hurry")
  func closing() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      _ = try await log.enqueue([LogWorkbench.record(0)])
      let change = StateChange.outcome(
        OutcomeRecord(sequence: 1, kind: .dead, attempts: 1, status: 410))
      async let refused = log.apply([change], hurry: false)
      // Asked in between: what the question sees may be before or after, it must not hurry anything.
      _ = try await log.ask { $0.totals }
      await log.close()
      await log.close()
      let answered = try? await refused
      let reopened = try await bench.open()
      // Either it came before the close and was written, or it was refused.
      #expect(reopened.totals.dead == (answered == nil ? 0 : 1))
      await reopened.close()
    }
  }

  @Test("on a full disk messages are refused and outcomes go on")
  func diskFull() async throws {
    try await withBench { bench in
      let log = try await bench.open { $0.log.segmentSize = 256 << 10 }
      _ = try await log.enqueue([LogWorkbench.record(0, size: 8_000)])
      bench.syncs.fill()
      var refused = false
      var stored: [Sequence] = [1]
      while !refused {
        do throws(LogRejection) {
          let answer = try await log.enqueue([LogWorkbench.record(stored.count, size: 8_000)])
          if case .admitted(let admissions) = answer, case .stored(let sequence) = admissions[0] {
            stored.append(sequence)
          }
        } catch {
          #expect(error == .diskFull)
          refused = true
        }
      }
      #expect(stored == Array(1...Sequence(stored.count)))
      #expect(log.totals.accepted == UInt64(stored.count))
      let outcome = OutcomeRecord(sequence: 1, kind: .delivered, attempts: 1, status: 200)
      #expect(try await log.apply([.outcome(outcome)], hurry: true) == [])
      #expect(log.totals.delivered == 1)
      await log.close()
      #expect(bench.failures.withLock { $0.isEmpty })
    }
  }

  @Test("that the disk is full, and has room again, is told once each")
  func diskFullTold() async throws {
    try await withBench { bench in
      let log = try await bench.open { $0.log.segmentSize = 256 << 10 }
      var number = 0
      func enqueue() async -> Bool {
        number += 1
        return (try? await log.enqueue([LogWorkbench.record(number, size: 8_000)])) != nil
      }
      bench.syncs.fill()
      while await enqueue() {}
      for _ in 0..<3 { #expect(await !enqueue()) }
      #expect(bench.space.withLock { $0 } == [.scarce])
      bench.syncs.makeRoom()
      bench.wallMs.add(2_000, ordering: .relaxed)
      var tries = 0
      while await !enqueue(), tries < 100_000 { tries += 1 }
      #expect(bench.space.withLock { $0 } == [.scarce, .enough])
      await log.close()
    }
  }

  @Test("that no checkpoint can be written, and that one can again, is told once each")
  func checkpointFailureTold() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      _ = try await log.enqueue([LogWorkbench.record(1)])
      let outcome = OutcomeRecord(sequence: 1, kind: .delivered, attempts: 1, status: 200)
      #expect(try await log.apply([.outcome(outcome)], hurry: true) == [])
      bench.syncs.refuseCheckpoints(true)
      // Once the next segment is prepared it leaves the finished one, which takes a checkpoint.
      var tries = 0
      while log.metrics().failedCheckpoints < 2, tries < 100_000 {
        _ = try await log.compact()
        tries += 1
      }
      #expect(log.metrics().checkpointFailure?.code == EACCES)
      #expect(bench.checkpoints.withLock { $0.map { $0?.code } } == [EACCES])
      bench.syncs.refuseCheckpoints(false)
      _ = try await log.compact()
      #expect(log.metrics().failedCheckpoints == 0)
      #expect(log.metrics().checkpointFailure == nil)
      #expect(bench.checkpoints.withLock { $0.map { $0?.code } } == [EACCES, nil])
      await log.close()
    }
  }

  @Test("a second opening is refused by name until the first is closed")
  func lock() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      do throws(LogOpenError) {
        _ = try await bench.open()
        Issue.record("two logs in one directory")
      } catch {
        if case .lock(.held(bench.path, getpid(), _)) = error {} else { Issue.record(error) }
        #expect(error.description.contains("pid \(getpid())"))
      }
      await log.close()
      let again = try await bench.open()
      await again.close()
    }
  }

  @Test("reads run beside the writer, which may be in a sync")
  func reading() async throws {
    try await withBench { bench in
      let log = try await bench.open()
      _ = try await log.enqueue((0..<50).map { LogWorkbench.record($0) })
      let places = try await log.ask { $0.locate([1, 7, 50, 51]) }
      bench.syncs.hold()
      let completions = Completions()
      _ = log.submit(
        LogWorkbench.record(99), token: 0, from: log.producer(deliver: completions.deliver))
      await bench.syncs.waitUntilBlocked()
      let records = try await log.read { $0.records(at: places) }
      #expect(records.map { $0?.uuid } == [0, 6, 49].map { Array("m\($0)".utf8) } + [nil])
      #expect(records[1]?.payload == LogWorkbench.record(6).payload)
      bench.syncs.release()
      _ = await completions.wait(for: 1)
      await log.close()
    }
  }
}

extension LogCompletion {
  /// The number of a stored message.
  fileprivate var stored: Sequence? {
    if case .success(.stored(let sequence)) = result { sequence } else { nil }
  }
}
