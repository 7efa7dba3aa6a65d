/// An open log with its threads: what happens to it is asked from anywhere and done by the one
/// thread that owns the `LogCore`; what only reads files is done by a second one, and the next
/// segment is prepared by a third.
package final class RunningLog: Sendable {
  package struct Settings: Sendable {
    package var log: LogOptions
    /// Messages and bytes that may wait for the writer; beyond them it says full.
    package var waitingMessages = 8_192
    package var waitingBytes = 64 << 20
    /// How long changes without hurry wait for a commit to ride on.
    package var lazyDelay: Duration = .milliseconds(250)
    package init(log: LogOptions) { self.log = log }
  }

  /// Called on the writer's thread: it must only hand over.
  package struct Observer: Sendable {
    /// New messages that are durable, in order, with the time of their commit (the log's, ms),
    /// before anyone is answered.
    package var committed: @Sendable ([LogArrival], UInt64) -> Void
    /// The log has stopped for good. Everything that waited was answered.
    package var failed: @Sendable (LogFailure) -> Void
    /// Each change, from `enough` on.
    package var space: @Sendable (SpaceLevel) -> Void
    /// Checkpoints can't be written any more, and why; nil: one was written again.
    package var checkpoints: @Sendable (DiskError?) -> Void
    /// Damage that was found while the log runs, and why nothing new is taken from here on; nil: it is.
    package var found: @Sendable (LogNews, String?) -> Void
    package init(
      committed: @escaping @Sendable ([LogArrival], UInt64) -> Void,
      failed: @escaping @Sendable (LogFailure) -> Void,
      space: @escaping @Sendable (SpaceLevel) -> Void,
      checkpoints: @escaping @Sendable (DiskError?) -> Void,
      found: @escaping @Sendable (LogNews, String?) -> Void = { _, _ in }
    ) {
      self.committed = committed
      self.failed = failed
      self.space = space
      self.checkpoints = checkpoints
      self.found = found
    }
  }

  /// What an open found.
  package struct Opened: Sendable {
    package var log: RunningLog
    package var report: RecoveryReport
    package var backlog: [DestinationBacklog]
    package var totals: Totals
    package var store: StoreUUID
    package var readOnlyReason: String?
    /// The log's own time from here on.
    package var clock: LogClock
  }

  private let threads: LogThreads

  private init(threads: LogThreads) { self.threads = threads }

  /// Recovers the log on the thread that will write it. `directory` is called on that thread, too:
  /// it may block.
  package static func open(
    _ settings: Settings, machine: @escaping @Sendable () -> MachineTime, observer: Observer,
    directory: @escaping @Sendable () throws(LogOpenError) -> LogDirectory
  ) async throws(LogOpenError) -> Opened {
    let result: Result<Opened, LogOpenError> = await withCheckedContinuation { continuation in
      do throws(ThreadError) {
        try RealThread.start("log-writer") {
          open(settings, machine, observer, directory) { continuation.resume(returning: $0) }
        }
      } catch {
        continuation.resume(returning: .failure(.thread(error)))
      }
    }
    return try result.get()
  }

  /// The writer's thread, from its first to its last line.
  private static func open(
    _ settings: Settings, _ machine: @escaping @Sendable () -> MachineTime, _ observer: Observer,
    _ openDirectory: () throws(LogOpenError) -> LogDirectory,
    _ answer: (Result<Opened, LogOpenError>) -> Void
  ) {
    let writer: Writer
    do throws(LogOpenError) {
      let directory = try openDirectory()
      let disk = TimedDisk(directory.disk)
      let now = machine()
      let nowMs = ClockRecord.logMs(at: now, after: ClockRecord.read(from: disk))
      let (core, report) = try recover(disk, directory, settings, nowMs)
      // Time never falls behind what the log has seen.
      let clock = LogClock(machine, at: now, isMs: max(nowMs, core.state.lastCommittedAtMs))
      core.isLocked = directory.isLocked
      let threads = try start(directory, disk, settings, clock, observer)
      threads.keepClock()
      var writing = Writer.Settings()
      writing.lazyDelay = settings.lazyDelay
      writer = Writer(core: core, shared: threads, settings: writing)
      threads.publish(core.numbers)
      answer(
        .success(
          Opened(
            log: RunningLog(threads: threads), report: report,
            backlog: core.destinationsWithPending(), totals: core.totals,
            store: core.store, readOnlyReason: core.readOnlyReason, clock: clock)))
    } catch {
      return answer(.failure(error))
    }
    writer.run()
  }

  private static func recover(
    _ disk: TimedDisk, _ directory: LogDirectory, _ settings: Settings, _ nowMs: UInt64
  ) throws(LogOpenError) -> (LogCore, RecoveryReport) {
    do throws(LogError) {
      return try LogCore.open(disk: disk, options: settings.log, nowMs: nowMs)
    } catch {
      directory.unlock()
      throw .log(error)
    }
  }

  private static func start(
    _ directory: LogDirectory, _ disk: TimedDisk, _ settings: Settings,
    _ clock: LogClock, _ observer: Observer
  ) throws(LogOpenError) -> LogThreads {
    var limits = WriteQueue.Limits()
    limits.messages = settings.waitingMessages
    limits.bytes = settings.waitingBytes
    do throws(ThreadError) {
      return try LogThreads(
        directory: directory, disk: disk, limits: limits, observer: observer, clock: clock)
    } catch {
      directory.unlock()
      throw .thread(error)
    }
  }
}

/// Writing.
extension RunningLog {
  package func producer(
    deliver: @escaping @Sendable (LogSignal) -> Void
  ) -> LogProducer {
    threads.inbox.addProducer(deliver)
  }

  package func submit(_ record: NewRecord, token: UInt64, from producer: LogProducer) -> LogOffer {
    threads.inbox.offer(record, token: token, producer: producer)
  }

  /// All of the batch or nothing; durable when it returns.
  package func enqueue(_ batch: [NewRecord]) async throws(LogRejection) -> BatchAnswer {
    try await answer { reply in threads.inbox.offer(batch, reply) }
  }

  /// Durable when it returns; the indices of the changes that were refused. Without `hurry` they ride
  /// the next commit.
  package func apply(_ changes: [StateChange], hurry: Bool) async throws(LogRejection) -> [Int] {
    try await answer { reply in threads.inbox.offer(changes, hurry: hurry, reply) }
  }

  /// Writes what waits, seals the log, ends the threads and gives the directory free. Also waits for
  /// the end when another one is closing it, or when it failed.
  package func close() async {
    _ = threads.inbox.close(because: "the log is closed")
    await threads.untilEnded()
  }

  private func answer<Answer: Sendable>(
    _ offer: (@escaping @Sendable (Result<Answer, LogRejection>) -> Void) -> LogOffer
  ) async throws(LogRejection) -> Answer {
    let result: Result<Answer, LogRejection> = await withCheckedContinuation { continuation in
      switch offer({ continuation.resume(returning: $0) }) {
      case .accepted: break
      case .full: continuation.resume(returning: .failure(.full))
      case .rejected(let rejection): continuation.resume(returning: .failure(rejection))
      }
    }
    return try result.get()
  }
}

/// Reading.
extension RunningLog {
  /// Asks the core, between two frames.
  package func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (LogCore) -> Answer
  ) async throws(LogRejection) -> Answer {
    try await answer { reply in
      threads.inbox.offer(
        WriteQueue.Question(
          run: { core in reply(.success(question(core))) },
          refuse: { reply(.failure($0)) }))
    }
  }

  /// Reads files on the reader's thread.
  package func read<Answer: Sendable>(
    _ job: @escaping @Sendable (LogReader) -> Answer
  ) async throws(LogRejection) -> Answer {
    try await answer { reply in
      let inbox = threads.inbox
      let taken = threads.reader.submit { reader in
        reply(.success(job(reader)))
        let suspects = reader.takeSuspects()
        if !suspects.isEmpty { inbox.suspected(suspects) }
      }
      if taken { return .accepted }
      return threads.inbox.closedBecause.map { .rejected(.unavailable($0)) } ?? .full
    }
  }

  /// What `compact` would do now, and how far it is.
  package func compactionPreview() async throws(LogRejection) -> CompactionPreview {
    let (speed, clock) = (threads.pacer, threads.clock)
    return try await ask { $0.compactionPreview(present: speed.progress, nowMs: clock.nowMs()) }
  }

  /// Compacts what is worth it, and drops what can be dropped.
  package func compact() async throws(LogRejection) -> CompactionReport {
    try await answer { reply in threads.inbox.offer(reply) }
  }

  /// As of the last commit.
  package var totals: Totals { threads.currentNumbers.totals }

  package func metrics() -> LogMetrics {
    let numbers = threads.currentNumbers
    let syncs = threads.syncTimes
    let waiting = threads.inbox.waiting
    var metrics = LogMetrics()
    metrics.bytesOnDisk = numbers.bytesOnDisk
    metrics.segments = UInt64(numbers.segments)
    metrics.frames = numbers.frames
    metrics.syncs = syncs.count
    metrics.syncNanoseconds = syncs.nanoseconds
    metrics.syncHistogram = syncs.histogram
    metrics.tornTailBytes = numbers.tornTailBytes
    metrics.damagedFrames = numbers.damagedFrames
    metrics.unreadableMessages = numbers.unreadableMessages
    metrics.verification = numbers.verification
    metrics.lostMessages = numbers.lostMessages
    metrics.space = numbers.space
    metrics.freeBytes = numbers.freeBytes
    metrics.markBytes = numbers.markBytes
    metrics.reserveBytes = numbers.reserveBytes
    metrics.loggedBytes = numbers.loggedBytes
    metrics.compactedBytes = numbers.compactedBytes
    metrics.isCompacting = numbers.isCompacting
    metrics.failedCheckpoints = numbers.failedCheckpoints
    metrics.checkpointFailure = numbers.checkpointFailure
    metrics.hangingSync = threads.hangingSync
    metrics.waitingMessages = UInt64(waiting.messages)
    metrics.waitingBytes = UInt64(waiting.bytes)
    return metrics
  }
}
