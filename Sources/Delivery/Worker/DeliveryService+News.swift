import Logging

extension DeliveryService {
  private enum Step: Sendable {
    case tell([DestinationNews.Item])
    case wait
    case end
  }

  /// Tells what a person has to hear of destinations. Wakes once a second while there is something to
  /// watch, and not at all while all is well.
  func report() async {
    while true {
      switch visit({ state, now in Self.nextStep(&state, now) }) {
      case .tell(let items):
        for item in items { await tell(item) }
        await sleep(.seconds(1))
      case .wait:
        await park(in: \.reporters) { state in state.phase != .running || !state.news.isQuiet }
      case .end: return
      }
    }
  }

  private static func nextStep(_ state: inout DeliveryState, _ now: Moment) -> Step {
    guard state.phase == .running else { return .end }
    if state.news.isQuiet { return .wait }
    let scheduler = state.scheduler
    return .tell(state.news.look(at: now) { scheduler.standing(of: $0) })
  }

  private func tell(_ item: DestinationNews.Item) async {
    switch item {
    case .broke(let origin, let failures, let isPartly, let error):
      let facts = await facts(
        of: origin, ["failures": .stringConvertible(failures), "reason": "\(error)"])
      logger.warning(
        isPartly
          ? "a destination is broken in part: a path is dead, others have messages, too"
          : "a destination is broken", metadata: facts)
    case .stillBroken(let origin, let since, let error):
      let backlog = try? await store.backlog(of: origin)
      guard backlog?.waiting != 0 else {
        return visit { state, _ in state.news.isOver(origin) }
      }
      let facts = await facts(
        of: origin, ["for": "\(since.roundedToSeconds.inWords)", "reason": "\(error)"])
      logger.warning("a destination is still broken", metadata: facts)
    case .back(let origin, let after):
      logger.notice(
        "a destination is back",
        metadata: ["destination": "\(origin)", "after": "\(after.roundedToSeconds.inWords)"])
    case .heldBack(let ref, let origin):
      let message = try? await store.bodies([ref])[0]
      logger.error(
        """
        a message is held back in the dead letters: the process ended by itself each time while it \
        was being attempted
        """,
        metadata: [
          "uuid": "\(message?.uuid ?? "unknown")", "number": .stringConvertible(ref.number),
          "destination": "\(origin)", "url": "\(message?.url ?? "unknown")",
        ])
    case .others(let broke, let back):
      logger.warning(
        "more destinations broke or came back than get a line",
        metadata: [
          "broken": .stringConvertible(broke), "back": .stringConvertible(back),
          "broken_now": .stringConvertible(visit { state, _ in state.news.brokenCount }),
        ])
    case .othersDied(let origin, let count, let error):
      logger.warning(
        "more messages are dead than get a line",
        metadata: [
          "destination": "\(origin?.description ?? "several")",
          "messages": .stringConvertible(count),
          "last_reason": "\(error)",
        ])
    }
  }

  /// What waits for it, for how long, and when it is called next.
  private func facts(of origin: Origin, _ more: Logger.Metadata) async -> Logger.Metadata {
    var facts: Logger.Metadata = ["destination": "\(origin)"]
    if let backlog = try? await store.backlog(of: origin) {
      facts["waiting"] = .stringConvertible(backlog.waiting)
      let now = clock.wallMs()
      if let oldest = backlog.oldestFromMs, oldest <= now {
        let age = Duration.clamped(milliseconds: now - oldest).roundedToSeconds
        facts["oldest"] = "\(age.inWords)"
      }
    }
    let wait = visit { state, now in
      state.scheduler.nextCall(to: origin, at: now).map { $0 - now.monotonic }
    }
    if let wait { facts["next_attempt_in"] = "\(wait.roundedToSeconds.inWords)" }
    return facts.merging(more) { $1 }
  }

  package func nextCallMs(to origin: Origin, path: UInt32) -> UInt64? {
    visit { state, now in
      guard state.phase == .running else { return nil }
      let heldUntil = state.scheduler.heldUntil(origin, path: path, at: now) ?? now.monotonic
      return now.wallMs + (heldUntil - now.monotonic).millisecondsRoundedUp
    }
  }
}

extension Duration {
  /// For people: nobody reads milliseconds of an outage.
  fileprivate var roundedToSeconds: Duration { .seconds((self / .seconds(1)).rounded()) }
}
