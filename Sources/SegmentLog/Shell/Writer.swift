/// The writer thread: owns the core, and turns what waits into frames.
///
/// Natural group commit: while one frame is being synced the next requests gather; they are drained
/// and staged until the frame is full or the queue is empty, committed, and answered. There is no
/// artificial delay, except for outcomes that may wait for the next commit.
final class Writer {
  struct Settings: Sendable {
    /// How long outcomes without hurry wait for a commit to ride on.
    var lazyDelay: Duration = .milliseconds(250)
    /// So many of them are a frame of their own: a busy delivery without new messages must not wait
    /// out the delay each time.
    var lazyChanges = 256
    /// How often the queue is looked at again before a commit.
    var drainsPerCommit = 4
  }

  private let core: LogCore
  private let shared: LogThreads
  private let settings: Settings
  private var requests: [WriteQueue.Request] = []
  /// The request being handled; those before it are done.
  private var position = 0
  private var answers = Answers()
  private var arrivals: [LogArrival] = []
  /// Someone waits for the staged frame.
  private var isHurried = false
  /// `Monotonic` nanoseconds.
  private var lazyDeadline: UInt64?
  private var tick = TickTimer()
  /// Files that the reader is yet to be told of.
  private var dropped: [String] = []
  private var compactions: [WriteQueue.CompactionReply] = []
  private var isClosing = false
  /// What the observer was told last.
  private var toldSpace = SpaceLevel.enough
  private var toldCheckpointFailure = false

  init(core: LogCore, shared: LogThreads, settings: Settings) {
    self.core = core
    self.shared = shared
    self.settings = settings
  }

  /// Until the log is closed or failed.
  func run() {
    do throws(LogFailure) {
      publish()
      tellSpace()
      while !isClosing { try round() }
      try close()
    } catch {
      fail(error)
    }
  }

  private func round() throws(LogFailure) {
    tick.update(due: core.nextTickDueMs(nowMs: shared.clock.nowMs()), nowMs: shared.clock.nowMs())
    // The core's upkeep waits for what is staged.
    let deadline = core.hasStaged ? lazyDeadline : tick.deadline
    shared.inbox.wait(into: &requests, until: deadline)
    var drains = 0
    repeat {
      try handleRequests()
      drains += 1
    } while isHurried && !isClosing && drains < settings.drainsPerCommit
      && shared.inbox.drain(into: &requests)
    if mustCommit { try commit() }
    answers.deliver(to: shared.inbox)
    if !core.hasStaged { try upkeep() }
    tellSpace()
  }

  private func upkeep() throws(LogFailure) {
    let due = tick.takeDue(nowMs: shared.clock.nowMs())
    if let due {
      try core.tick(nowMs: due)
      publish()
    }
    let nowMs = due ?? shared.clock.nowMs()
    if let job = core.preparationWanted(nowMs: nowMs) { shared.prepare(job) }
    if let job = core.checkpointWanted(nowMs: nowMs) { shared.checkpoint(job) }
    if let job = core.compactionWanted(nowMs: nowMs) {
      shared.compact(job)
      publish()
    }
    if let job = core.verificationWanted(nowMs: nowMs) {
      shared.verify(job)
      publish()
    }
    dropped += core.takeDroppedFiles()
    if !dropped.isEmpty, shared.letGo(dropped) { dropped.removeAll() }
  }

  private var mustCommit: Bool {
    guard core.hasStaged else { return false }
    if isHurried || isClosing || answers.changeCount >= settings.lazyChanges { return true }
    return lazyDeadline.map { $0 <= Monotonic.nanoseconds() } ?? false
  }

  private func handleRequests() throws(LogFailure) {
    while position < requests.count {
      try handle(requests[position])
      position += 1
    }
    requests.removeAll(keepingCapacity: true)
    position = 0
  }

  private func handle(_ request: WriteQueue.Request) throws(LogFailure) {
    switch request {
    case .message(let record, let token, let producer):
      answers.message(
        try stage([record]).flatMap(\.single), token: token, producer: producer,
        bytes: record.waitingBytes)
    case .batch(let batch, let reply):
      answers.batch(
        try stage(batch), reply, messages: batch.count,
        bytes: batch.reduce(0) { $0 + $1.waitingBytes })
    case .changes(let changes, let hurry, let reply):
      try stage(changes, hurry: hurry, reply)
    case .question(let question):
      try question.run(core)
      publish()
    case .prepared(let result):
      core.prepared(result, nowMs: shared.clock.nowMs())
    case .checkpointed(let result):
      try core.checkpointed(result, nowMs: shared.clock.nowMs())
      tellCheckpointFailure()
      answerCompactions()
      publish()
    case .compacted(let result):
      try commitIfStaged()
      try core.compacted(result, nowMs: shared.clock.nowMs())
      answerCompactions()
      publish()
    case .verified(let result, let isUrgent):
      let news = core.verified(result, isUrgent: isUrgent, nowMs: shared.clock.nowMs())
      publish()
      if !news.isEmpty { shared.observer.found(news, core.readOnlyReason) }
    case .suspected(let files):
      core.suspect(files, nowMs: shared.clock.nowMs())
    case .compact(let reply):
      // When this throws the request is still there, and is answered with all others.
      try core.beginCompaction(nowMs: shared.clock.nowMs())
      compactions.append(reply)
      answerCompactions()
      publish()
    case .close:
      isClosing = true
    }
  }

  /// Puts a batch into the frame; when it is full, commits it and goes on with the next.
  private func stage(_ batch: [NewRecord]) throws(LogFailure) -> Result<BatchAnswer, LogRejection> {
    for _ in 0..<2 {
      switch core.stage(batch, nowMs: shared.clock.nowMs()) {
      case .taken(let admissions, let needsCommit):
        if needsCommit { isHurried = true }
        for (record, admission) in zip(batch, admissions) {
          guard case .stored(let sequence) = admission else { continue }
          arrivals.append(LogArrival(sequence: sequence, record: record))
        }
        return .success(.admitted(admissions))
      case .conflict(let indices): return .success(.conflict(indices))
      case .refused(let refusal): return .failure(rejection(refusal))
      case .frameFull: try commitAndAnswer()
      }
    }
    // An empty frame that is full for this batch: it never fits.
    return .failure(.tooLarge)
  }

  private func stage(
    _ changes: [StateChange], hurry: Bool, _ reply: @escaping WriteQueue.ChangesReply
  ) throws(LogFailure) {
    var refused: [Int] = []
    var done = 0
    var waits = false
    while done < changes.count {
      switch core.stage(done == 0 ? changes : Array(changes[done...])) {
      case .taken(let count, let newlyRefused, let needsCommit):
        refused.append(contentsOf: newlyRefused.map { $0 + done })
        done += count
        waits = waits || needsCommit
        if done < changes.count { try commitAndAnswer() }
      case .frameFull: try commitAndAnswer()
      case .refused(let refusal):
        return answers.settle(.failure(rejection(refusal)), of: changes.count, reply)
      }
    }
    guard waits else { return answers.settle(.success(refused), of: changes.count, reply) }
    answers.changes(refused: refused, of: changes.count, reply)
    if hurry {
      isHurried = true
    } else if lazyDeadline == nil {
      lazyDeadline = Monotonic.nanoseconds() + settings.lazyDelay.nanoseconds
    }
  }

  /// The core is about to commit something of its own.
  private func commitIfStaged() throws(LogFailure) {
    if core.hasStaged { try commitAndAnswer() }
  }

  private func commitAndAnswer() throws(LogFailure) {
    try commit()
    answers.deliver(to: shared.inbox)
  }

  private func commit() throws(LogFailure) {
    let result = try core.commit(nowMs: shared.clock.nowMs())
    isHurried = false
    lazyDeadline = nil
    shared.keepClock()
    publish()
    switch result {
    case .durable(let commit):
      if !arrivals.isEmpty { shared.observer.committed(arrivals, commit.committedAtMs) }
      answers.settleChanges()
    case .noSpace:
      if let first = arrivals.first?.sequence { answers.reject(from: first, .diskFull) }
      answers.settleChanges(.diskFull)
    }
    arrivals.removeAll(keepingCapacity: true)
  }

  private func tellSpace() {
    let level = core.spaceLevel
    guard level != toldSpace else { return }
    toldSpace = level
    publish()
    shared.observer.space(level)
  }

  private func tellCheckpointFailure() {
    let failure = core.checkpointFailure
    guard toldCheckpointFailure != (failure != nil) else { return }
    toldCheckpointFailure = failure != nil
    shared.observer.checkpoints(failure)
  }

  private func answerCompactions() {
    guard let report = core.takeCompactionReport() else { return }
    for reply in compactions { reply(.success(report)) }
    compactions.removeAll()
  }

  private func publish() { shared.publish(core.numbers) }

  private func rejection(_ refusal: LogRefusal) -> LogRejection {
    switch refusal {
    case .diskFull: .diskFull
    case .readOnly: .readOnly(core.readOnlyReason ?? "the log is damaged")
    case .tooLarge: .tooLarge
    case .stopped: .unavailable("the log has stopped")
    }
  }
}

/// The end.
extension Writer {
  /// Everything was staged, committed and answered; the threads end before the lock is given free.
  private func close() throws(LogFailure) {
    shared.stopMaintenance()
    while shared.inbox.drain(into: &requests) { try handleRequests() }
    for reply in compactions { reply(.failure(.unavailable("the log is closed"))) }
    compactions.removeAll()
    try core.seal(nowMs: shared.clock.nowMs())
    shared.keepClock(always: true)
    publish()
    shared.ended()
  }

  /// Whether the last frame is durable is not known, and never will be to this process.
  private func fail(_ failure: LogFailure) {
    let reason = failure.description
    let waiting = requests[position...] + shared.inbox.fail(because: reason)
    if let first = arrivals.first?.sequence { answers.reject(from: first, .outcomeUnknown) }
    answers.settleChanges(.outcomeUnknown)
    for request in waiting {
      switch request {
      case .message(let record, let token, let producer):
        answers.message(
          .failure(.outcomeUnknown), token: token, producer: producer, bytes: record.waitingBytes)
      case .batch(let batch, let reply):
        answers.batch(
          .failure(.outcomeUnknown), reply, messages: batch.count,
          bytes: batch.reduce(0) { $0 + $1.waitingBytes })
      case .changes(let changes, _, let reply):
        answers.settle(.failure(.outcomeUnknown), of: changes.count, reply)
      case .question(let question): question.refuse(.unavailable(reason))
      case .compact(let reply): reply(.failure(.unavailable(reason)))
      case .prepared, .checkpointed, .compacted, .verified, .suspected, .close: break
      }
    }
    for reply in compactions { reply(.failure(.unavailable(reason))) }
    compactions.removeAll()
    answers.deliver(to: shared.inbox)
    shared.observer.failed(failure)
    shared.stopMaintenance()
    shared.ended()
  }
}

extension BatchAnswer {
  /// The answer to a batch of one.
  fileprivate var single: Result<LogAnswer, LogRejection> {
    switch self {
    case .admitted(let admissions): .success(LogAnswer(admissions[0]))
    case .conflict: .success(.conflict)
    }
  }
}

extension Duration {
  /// Never negative, and a century at most.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(min(seconds, 3_155_760_000)) * 1_000_000_000
      + UInt64(attoseconds / 1_000_000_000)
  }
}
