extension DeliveryService {
  /// Delivers until `shutdown`. Call it once. If its task is cancelled it stops at once: attempts in
  /// flight end without outcome, what has ended is recorded.
  package func run() async {
    let workers = Task { await self.tasks(self.configuration.worker) { await self.work() } }
    let all = Task { await self.runToTheEnd(workers) }
    let goesOn = visit { state, _ in
      precondition(state.handles == nil, "run() is called once")
      state.handles = DeliveryState.Handles(workers: workers, all: all)
      return state.phase == .running
    }
    if goesOn {
      let events = Task { await self.readEvents() }
      let reporting = Task { await self.report() }
      await withTaskCancellationHandler {
        await all.value
      } onCancel: {
        self.drain()
        workers.cancel()
      }
      events.cancel()
      reporting.cancel()
    } else {
      await all.value
    }
  }

  private func runToTheEnd(_ workers: Task<Void, Never>) async {
    async let walking: Void = tasks(configuration.schedule.pagesInFlight) { await self.walk() }
    async let recording: Void = tasks(DeliveryState.clerkCount) { await self.record() }
    await workers.value
    enter(.recording)
    await recording
    await walking
  }

  private func tasks(_ count: Int, _ work: @escaping @Sendable () async -> Void) async {
    await withDiscardingTaskGroup { group in
      for _ in 0..<max(1, count) { group.addTask { await work() } }
    }
  }

  private func readEvents() async {
    while !Task.isCancelled {
      let events = await store.nextEvents()
      if events.isEmpty { break }
      visit { state, now in
        for event in events { state.scheduler.handle(event, at: now) }
      }
    }
    if !Task.isCancelled {
      logger.notice("the store was closed, nothing is delivered any more")
      drain()
    }
  }

  /// The order of the end: no new attempts; up to `grace` for those in flight; the rest is cancelled
  /// without outcome; every outcome is recorded and durable when it returns.
  package func shutdown(grace: Duration = .seconds(25)) async {
    drain()
    guard let handles = visit({ state, _ in state.handles }) else { return }
    let patience = Task { [sleep] in
      await sleep(grace)
      if !Task.isCancelled { handles.workers.cancel() }
    }
    await handles.workers.value
    patience.cancel()
    await handles.all.value
  }

  private func drain() {
    enter(.draining)
  }

  /// Everyone looks up: those with nothing left to do in the new phase end.
  private func enter(_ phase: DeliveryState.Phase) {
    let woken = visit { state, _ in
      var woken: [CheckedContinuation<Void, Never>] = []
      guard state.phase < phase else { return woken }
      state.phase = phase
      state.bodies.clear()
      state.pages.removeAll()
      state.alarm?.task.cancel()
      state.alarm = nil
      state.workers.take(.max, into: &woken)
      state.walkers.take(.max, into: &woken)
      state.reporters.take(.max, into: &woken)
      state.clerks.take(.max, into: &woken)
      return woken
    }
    for continuation in woken { continuation.resume() }
  }
}
