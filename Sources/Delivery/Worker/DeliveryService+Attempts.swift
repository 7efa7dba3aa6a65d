import Logging

extension DeliveryService {
  private enum Step: Sendable {
    case attempt(Job)
    case read([MessageRef])
    case wait
    case end
  }

  /// A slot: makes one attempt after the other, and reads bodies when somebody has to.
  func work() async {
    while true {
      switch visit({ state, now in Self.nextStep(&state, now) }) {
      case .attempt(let job): await attempt(job)
      case .read(let refs): await read(refs)
      case .wait:
        await park(in: \.workers) { state in
          state.phase != .running || state.bodies.jobCount > 0 || state.bodies.canFetch
        }
      case .end: return
      }
    }
  }

  private static func nextStep(_ state: inout DeliveryState, _ now: Moment) -> Step {
    guard state.phase == .running else { return .end }
    while let job = state.bodies.nextJob() {
      let path = PathKey.of(job.message.url)
      if state.scheduler.located(job.start.ref, path: path, at: now) { return .attempt(job) }
      state.bodies.finished(job)
    }
    let refs = state.bodies.nextFetch()
    return refs.isEmpty ? .wait : .read(refs)
  }

  private func attempt(_ job: Job) async {
    var request = builder.request(
      job.message, attempt: job.start.number, nowMs: clock.wallMs())
    let attemptsLimit = job.start.message.maxAttempts ?? configuration.retry.maxAttempts
    request.isLastAttempt = attemptsLimit != 0 && job.start.number >= attemptsLimit
    recorder?.began(job.start.ref)
    // Most destinations have answered before; then nobody asks.
    let result =
      job.start.isFirst
      ? await sender.send(request) { [weak self] in self?.reached(job.start.ref) }
      : await sender.send(request)
    recorder?.ended(job.start.ref)
    let (judgement, putBack, isNews) = visit(byWorker: true) { state, now in
      state.bodies.finished(job)
      let judgement = conclude(job, result, &state, now)
      let origin = job.message.origin
      let isNews = state.news.heard(
        judgement.verdict, of: origin, standing: state.scheduler.standing(of: origin), at: now)
      guard case .unavailable(let kind, _) = result else {
        return (judgement, UInt64?.none, isNews)
      }
      return (judgement, state.shortages.happened(kind, at: now.monotonic), isNews)
    }
    if let putBack { logShortage(result, of: job, putBack: putBack) }
    log(judgement.verdict, isNews: isNews, of: job)
  }

  private func reached(_ ref: MessageRef) {
    visit { state, now in state.scheduler.reached(ref, at: now) }
  }

  private func conclude(
    _ job: Job, _ result: AttemptResult, _ state: inout DeliveryState, _ now: Moment
  ) -> Judgement {
    let message = job.start.message
    let number = job.start.number
    let context = AttemptContext(
      number: number, ageFromMs: message.ageFromMs, spared: UInt32(message.spared),
      limits: RetryLimits(
        maxAttempts: message.maxAttempts, maxAgeMs: message.maxAgeMs,
        scheduleMs: job.message.limits.scheduleMs),
      lastStatus: message.lastStatus,
      destinationIsProven: state.scheduler.destinationIsProven(message.ref, at: now))
    let judgement = configuration.retry.judge(
      result, of: context, endedAtMs: now.logMs, wallMs: now.wallMs, using: &state.random)
    state.tally.count(judgement.verdict, result)
    guard let grant = state.scheduler.ended(message.ref, judgement, at: now),
      let change = Change(judgement.verdict, of: message.ref, attempts: number)
    else { return judgement }
    state.outcomes.append(change, under: grant)
    return judgement
  }

  private func read(_ refs: [MessageRef]) async {
    do throws(StoreError) {
      let messages = try await store.bodies(refs)
      let missing = visit(byWorker: true) { state, now in
        let missing = state.bodies.arrived(refs, messages)
        for start in missing {
          state.scheduler.putBack(
            start.ref, after: configuration.schedule.unreadableWait, forgotten: true, at: now)
        }
        return missing
      }
      for start in missing {
        logger.error(
          """
          a waiting message can't be read, it will be tried again; \
          look at the log with `log-inspect --verify`
          """,
          metadata: [
            "number": .stringConvertible(start.ref.number), "destination": "\(start.origin)",
            "again_in": "\(configuration.schedule.unreadableWait.inWords)",
          ])
      }
    } catch {
      let wait = configuration.schedule.pageRetry
      let starts = visit(byWorker: true) { state, now in
        let starts = state.bodies.failed(refs)
        for start in starts {
          state.scheduler.putBack(start.ref, after: wait, forgotten: false, at: now)
        }
        return starts.count
      }
      logger.warning(
        "the store could not give messages to deliver, they will be tried again",
        metadata: [
          "messages": .stringConvertible(starts), "reason": "\(error)",
          "again_in": "\(wait.inWords)",
        ])
    }
  }

  private func logShortage(_ result: AttemptResult, of job: Job, putBack: UInt64) {
    guard case .unavailable(let kind, let detail) = result else { return }
    logger.warning(
      "this machine is short of \(kind.words): attempts are put back, none is counted",
      metadata: [
        "kind": "\(kind.rawValue)", "put_back": .stringConvertible(putBack),
        "destination": "\(job.message.origin)", "reason": "\(detail)",
      ])
  }

  private func log(_ verdict: Verdict, isNews: Bool, of job: Job) {
    func facts(_ note: AttemptNote) -> Logger.Metadata {
      var facts: Logger.Metadata = [
        "uuid": "\(job.message.uuid)", "destination": "\(job.message.origin)",
        "attempt": .stringConvertible(job.start.number),
      ]
      if note.status != 0 { facts["status"] = .stringConvertible(note.status) }
      if !note.error.isEmpty { facts["reason"] = "\(note.error)" }
      return facts
    }
    switch verdict {
    case .delivered(let note):
      logger.debug("delivered", metadata: facts(note))
    case .retry(let wait, let note):
      logger.debug(
        "attempt failed",
        metadata: facts(note).merging(
          ["again_in_ms": .stringConvertible(wait.millisecondsRoundedUp)]) { $1 })
    case .dead(let note):
      logger.log(level: isNews ? .warning : .debug, "message is dead", metadata: facts(note))
    case .interrupted:
      logger.debug("attempt interrupted, not counted", metadata: facts(AttemptNote(status: 0)))
    case .postponed:
      logger.debug("attempt put back, not counted", metadata: facts(AttemptNote(status: 0)))
    }
  }
}

extension Change {
  /// nil for an attempt that was not made or was interrupted: nothing is recorded of it.
  fileprivate init?(_ verdict: Verdict, of ref: MessageRef, attempts: UInt32) {
    switch verdict {
    case .delivered(let note):
      self = .finish(ref, Ending(kind: .delivered, attempts: attempts, result: note))
    case .dead(let note):
      self = .finish(ref, Ending(kind: .dead, attempts: attempts, result: note))
    case .retry(let wait, let note):
      self = .retry(
        ref, attempts: attempts, delayMs: UInt32(clamping: wait.millisecondsRoundedUp),
        result: note)
    case .interrupted, .postponed:
      return nil
    }
  }
}
