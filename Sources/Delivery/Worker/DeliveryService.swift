import Logging
import Synchronization

/// The shell around the schedule: reads the store's events, makes the attempts, records what came of
/// them.
///
/// As many worker tasks as there are slots, some clerks that record and some walkers that fetch
/// pages, all fed from one `DeliveryState`. It stands behind a `Mutex` because each visit is short
/// and there are several per message; an actor would cost a hop for each of them.
package final class DeliveryService: DeliveryProbe {
  let store: any MessageStore
  let sender: any HTTPSender
  let clock: any Clock
  let configuration: DeliveryConfiguration
  let logger: Logger
  let builder: RequestBuilder
  let sleep: Sleep
  let recorder: (any FlightRecorder)?
  private let state: Mutex<DeliveryState>

  /// Waits that long, or until the task is cancelled.
  package typealias Sleep = @Sendable (Duration) async -> Void

  /// - Parameters:
  ///   - recorder: nil = nobody asks which messages were being attempted when the process ends.
  ///   - sleep: tests put their own time here.
  package init(
    store: any MessageStore, sender: any HTTPSender, clock: any Clock,
    configuration: DeliveryConfiguration = DeliveryConfiguration(),
    recorder: (any FlightRecorder)? = nil, logger: Logger,
    sleep: @escaping Sleep = { try? await Task.sleep(for: $0) }
  ) {
    self.store = store
    self.sender = sender
    self.clock = clock
    self.configuration = configuration
    self.logger = logger
    self.sleep = sleep
    self.recorder = recorder
    builder = RequestBuilder(
      userAgent: configuration.userAgent, defaultTimeout: configuration.timeout,
      maxTimeout: configuration.maxTimeout)
    state = Mutex(
      DeliveryState(
        configuration, suspects: recorder?.suspects ?? CrashSuspects(),
        startedAt: clock.monotonic()))
  }

  package func isInFlight(_ ref: MessageRef) -> Bool {
    state.withLock { $0.scheduler.isInFlight(ref) }
  }

  /// Destinations that answered well when they were last called, at most 10,000.
  package func knownGood() -> [KnownGood] {
    let now = clock.moment()
    return state.withLock { $0.scheduler.knownGood(most: 10_000, at: now) }
  }

  package func deliveryCounters() -> DeliveryCounters {
    state.withLock { state in
      var counters = DeliveryCounters()
      counters.inFlight = state.scheduler.inFlightCount
      counters.scheduled = state.scheduler.scheduledCount
      counters.destinations = state.scheduler.destinationCount
      counters.attempts = state.tally.byClass
      counters.refusedChanges = state.refusedChanges
      counters.shortages = state.shortages.counts
      counters.expired = state.expired
      counters.broken = state.news.brokenCount
      return counters
    }
  }

  /// One visit to the state: what happened is told, what follows from it is set going.
  func visit<T: Sendable>(byWorker: Bool = false, _ body: (inout DeliveryState, Moment) -> T) -> T {
    var woken: [CheckedContinuation<Void, Never>] = []
    let (result, clockStepMs, deaths) = state.withLock { state in
      let now = clock.moment()
      let clockStepMs = state.clocks.look(now)
      let result = body(&state, now)
      if let wakeAt = state.drive(at: now, servesItself: byWorker, waking: &woken) {
        setAlarm(wakeAt, &state, now: now)
      }
      defer { state.deaths = [] }
      return (result, clockStepMs, state.deaths)
    }
    for continuation in woken { continuation.resume() }
    if let clockStepMs {
      logger.warning("the wall clock was set", metadata: ["by_ms": .stringConvertible(clockStepMs)])
    }
    for (end, note) in deaths {
      logger.warning(
        "message is dead",
        metadata: [
          "number": .stringConvertible(end.message.ref.number), "destination": "\(end.origin)",
          "attempts": .stringConvertible(end.message.attempts), "reason": "\(note.error)",
        ])
    }
    return result
  }

  /// Waits until woken unless `isReady` finds something to do.
  func park(
    in lot: WritableKeyPath<DeliveryState, ParkingLot> & Sendable,
    unless isReady: @Sendable (borrowing DeliveryState) -> Bool
  ) async {
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        if isReady(state) { return true }
        state[keyPath: lot].park(continuation)
        return false
      }
      if goesOn { continuation.resume() }
    }
  }

  /// An earlier alarm stays: at its time it is looked what comes next.
  private func setAlarm(_ time: Duration, _ state: inout DeliveryState, now: Moment) {
    if let alarm = state.alarm, alarm.at <= time { return }
    state.alarm?.task.cancel()
    let wait = time - now.monotonic
    let task = Task { [weak self, sleep] in
      await sleep(wait)
      if !Task.isCancelled { self?.alarmRang(time) }
    }
    state.alarm = DeliveryState.Alarm(at: time, task: task)
  }

  private func alarmRang(_ time: Duration) {
    visit { state, _ in
      if state.alarm?.at == time { state.alarm = nil }
    }
  }
}
