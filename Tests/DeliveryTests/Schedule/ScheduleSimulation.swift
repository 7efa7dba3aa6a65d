import Testing

@testable import Delivery

/// Drives the schedule against the model store with everything that takes time outside taking random
/// time: events, pages (read at one moment, answered at a later one), attempts, acknowledgements.
/// What must never happen is checked at every step; that nothing is forgotten, whenever all that was
/// asked is answered.
struct ScheduleSimulation {
  private struct Flight {
    let number: UInt32
    let ends: Duration
    /// Its message was read: it may be attempted.
    var isLocated = false
  }
  private struct Answer {
    let request: PageRequest
    var page: PendingPage?
  }
  private struct Outcome {
    let ref: MessageRef
    let endedAt: Duration
    /// nil = ended.
    let delay: Duration?
    var isApplied = false
    var isRefused = false
  }

  private var random: SplitMix
  private let limits: SchedulerLimits
  private let origins: [Origin]
  private var store: ModelStore
  private var scheduler: Scheduler
  private var now = Moment(monotonic: .zero, wallMs: 1_000_000_000)
  private var latestWallMs: UInt64 = 1_000_000_000
  private var wakeAt: Duration?
  private var flights: [MessageRef: Flight] = [:]
  private var answers: [Answer] = []
  private var outcomes: [Outcome] = []
  private var succeeded: Set<Origin> = []
  private var pressure = 6
  private var steppedAt: Duration = .zero
  private(set) var starts = 0
  private(set) var expiries = 0
  private(set) var failure: String?

  init(seed: UInt64) {
    random = SplitMix(seed: seed)
    var limits = SchedulerLimits()
    limits.worker = Int.random(in: 1...8, using: &random)
    limits.window = Int.random(in: 16...200, using: &random)
    limits.fresh = Int.random(in: 2...12, using: &random)
    limits.timed = Int.random(in: 2...12, using: &random)
    limits.floor = Int.random(in: 1...3, using: &random)
    limits.page = Int.random(in: 1...6, using: &random)
    limits.pagesInFlight = Int.random(in: 1...3, using: &random)
    limits.unrecorded = Int.random(in: 2...20, using: &random)
    limits.horizon = .seconds(Int.random(in: 3...30, using: &random))
    limits.maxAgeMs = [0, 0, 20_000, 60_000].randomElement(using: &random)!
    limits.expiryBurst = Int.random(in: 16...64, using: &random)
    self.limits = limits
    origins = (0..<Int.random(in: 1...6, using: &random)).map {
      Origin(normalised: "http://d\($0):80")
    }
    store = ModelStore(window: Int.random(in: 1...20, using: &random))
    scheduler = Scheduler(limits: limits)
    scheduler.handle(.granted(ModelStore.grant), at: now)
  }

  /// Random steps, then a world where everything succeeds until nothing is left.
  mutating func run(steps: Int) {
    for step in 0..<steps where failure == nil {
      act()
      plan()
      if step % 16 == 0 { checkNothingIsForgotten() }
    }
    finish()
  }

  private mutating func act() {
    // Floods fill the window, calm lets every walk reach its end.
    if Int.random(in: 0..<50, using: &random) == 0 {
      pressure = [0, 1, 1, 6].randomElement(using: &random)!
    }
    switch Int.random(in: 0..<14 + pressure, using: &random) {
    case 0...1: takeEvents()
    case 2...4: answerSomePage()
    case 5...7: for _ in 0..<limits.worker { endSomeFlight() }
    case 8...10: acknowledgeSome()
    case 11...13: passTime()
    default: accept()
    }
  }

  private mutating func accept() {
    let origin = origins.randomElement(using: &random)!
    let path = UInt32.random(in: 1...3, using: &random)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let failures = [0, 0, 0, 1, 2, 5].randomElement(using: &random)!
      let maxAgeMs: UInt64? =
        Int.random(in: 0..<4, using: &random) == 0 ? UInt64(randomSeconds() + 3) * 1000 : nil
      switch Int.random(in: 0..<10, using: &random) {
      case 0:
        store.accept(
          origin, path: path, delay: .seconds(randomSeconds()), failures: failures,
          maxAgeMs: maxAgeMs, at: now)
      case 1:
        let at = now.wallMs + UInt64(randomSeconds()) * 1000
        store.accept(
          origin, path: path, notBeforeMs: at, failures: failures, maxAgeMs: maxAgeMs, at: now)
      default:
        store.accept(origin, path: path, failures: failures, maxAgeMs: maxAgeMs, at: now)
      }
    }
  }

  private mutating func randomSeconds() -> Int {
    Bool.random(using: &random)
      ? Int.random(in: 0...5, using: &random) : Int.random(in: 5...90, using: &random)
  }

  private mutating func takeEvents() {
    for event in store.takeEvents(at: now) { scheduler.handle(event, at: now) }
  }

  /// A page is read at one moment and arrives at another; some fail.
  private mutating func answerSomePage(mayFail: Bool = true) {
    guard let at = answers.indices.randomElement(using: &random) else { return }
    if answers[at].page == nil {
      answers[at].page = store.page(answers[at].request, at: now)
      return
    }
    let answer = answers.remove(at: at)
    if mayFail, Int.random(in: 0..<10, using: &random) == 0 {
      scheduler.pageFailed(answer.request, at: now)
    } else if let page = answer.page {
      for entry in page.entries {
        // A wait counts from when the page is taken in; the page was late, so the message may be.
        guard case .after(let milliseconds) = entry.due else { continue }
        let due = now.monotonic + .milliseconds(milliseconds)
        store[entry.ref].due = max(store[entry.ref].due, due)
      }
      scheduler.pageArrived(page, for: answer.request, at: now)
    }
  }

  private mutating func endSomeFlight(alwaysWell: Bool = false) {
    let over = flights.filter { $0.value.ends <= now.monotonic }.keys
      .sorted { $0.number < $1.number }
    guard let ref = over.randomElement(using: &random), locate(ref) else { return }
    flights[ref] = nil
    switch alwaysWell ? 9 : Int.random(in: 0..<30, using: &random) {
    case 0:
      postpone(ref, limits.unreadableWait)
      scheduler.putBack(ref, after: limits.unreadableWait, forgotten: true, at: now)
    case 1:
      postpone(ref, .seconds(2))
      scheduler.putBack(ref, after: .seconds(2), forgotten: false, at: now)
    case 2:
      postpone(ref, limits.pageRetry)
      end(ref, Judgement(.interrupted, DestinationSignal(.neutral)), delay: nil)
    default:
      finishAttempt(ref, alwaysWell: alwaysWell)
    }
  }

  /// Not attempted for a while though the store doesn't know of it.
  private mutating func postpone(_ ref: MessageRef, _ wait: Duration) {
    store[ref].due = max(store[ref].due, now.monotonic + wait)
    store[ref].notBeforeMs = 0
  }

  private mutating func finishAttempt(_ ref: MessageRef, alwaysWell: Bool) {
    guard store[ref].failuresLeft > 0, !alwaysWell else {
      succeeded.insert(store[ref].origin)
      return end(
        ref, Judgement(.delivered(AttemptNote(status: 200)), DestinationSignal(.success)),
        delay: nil)
    }
    store[ref].failuresLeft -= 1
    let delay: Duration = .seconds(randomSeconds() + 1)
    let health: DestinationSignal.Health =
      Bool.random(using: &random)
      ? .trouble
      : [.failed, .answered, .limited, .unreachable, .neutral].randomElement(using: &random)!
    let hold: Duration? = Int.random(in: 0..<5, using: &random) == 0 ? .seconds(7) : nil
    let judgement = Judgement(
      .retry(after: delay, AttemptNote(status: 503)), DestinationSignal(health, hold: hold))
    end(ref, judgement, delay: delay)
  }

  private mutating func end(_ ref: MessageRef, _ judgement: Judgement, delay: Duration?) {
    guard scheduler.ended(ref, judgement, at: now) != nil else { return }
    outcomes.append(Outcome(ref: ref, endedAt: now.monotonic, delay: delay))
  }

  private mutating func acknowledgeSome() {
    guard let at = outcomes.indices.randomElement(using: &random) else { return }
    guard outcomes[at].isApplied else {
      outcomes[at].isApplied = true
      outcomes[at].isRefused = Int.random(in: 0..<20, using: &random) == 0
      apply(outcomes[at])
      return
    }
    let outcome = outcomes.remove(at: at)
    scheduler.recorded(outcome.ref, refused: outcome.isRefused, at: now)
  }

  private mutating func apply(_ outcome: Outcome) {
    guard let delay = outcome.delay, !outcome.isRefused else { return store.end(outcome.ref) }
    store[outcome.ref].attempts += 1
    store[outcome.ref].notBefore = outcome.endedAt + delay
    store[outcome.ref].due = now.monotonic + delay
  }

  private mutating func passTime() {
    var milliseconds = Int.random(in: 0...2000, using: &random)
    if Bool.random(using: &random), let wakeAt, wakeAt > now.monotonic {
      milliseconds = Int((wakeAt - now.monotonic) / .milliseconds(1)) + 1
    }
    advance(milliseconds)
    if Int.random(in: 0..<40, using: &random) == 0 {
      now.wallMs = UInt64(Int(now.wallMs) + Int.random(in: -30_000...30_000, using: &random))
      steppedAt = now.monotonic
    }
    latestWallMs = max(latestWallMs, now.wallMs)
  }

  private mutating func advance(_ milliseconds: Int) {
    now.monotonic += .milliseconds(milliseconds)
    now.wallMs += UInt64(milliseconds)
    now.logMs += UInt64(milliseconds)
    latestWallMs = max(latestWallMs, now.wallMs)
  }

  private mutating func plan() {
    let plan = scheduler.plan(at: now)
    wakeAt = plan.wakeAt
    if let wakeAt, wakeAt <= now.monotonic { fail("asked to be woken in the past") }
    for request in plan.pages { answers.append(Answer(request: request)) }
    if answers.count > limits.pagesInFlight { fail("too many pages under way") }
    for end in plan.expired { expired(end) }
    for start in plan.starts {
      began(start)
      if Int.random(in: 0..<4, using: &random) != 0 { _ = locate(start.ref) }
    }
  }

  /// The message is read. - Returns: false when its path may have no call now.
  private mutating func locate(_ ref: MessageRef) -> Bool {
    guard let flight = flights[ref], !flight.isLocated else { return flights[ref] != nil }
    guard scheduler.located(ref, path: store[ref].path, at: now) else {
      flights[ref] = nil
      return false
    }
    flights[ref]?.isLocated = true
    return true
  }

  /// Milliseconds since the message's limit of time; negative before, nil without a limit.
  private func overdueMs(_ entry: ModelStore.Entry) -> Int? {
    let limitMs = entry.maxAgeMs ?? limits.maxAgeMs
    return limitMs == 0 ? nil : Int(now.logMs) - Int(entry.ageFromMs + limitMs)
  }

  private mutating func expired(_ end: Expired) {
    expiries += 1
    let ref = end.message.ref
    let name = "message \(ref.number)"
    if (overdueMs(store[ref]) ?? -1) < 0 { fail("\(name) expires before its time") }
    if flights[ref] != nil { fail("\(name) expires in flight") }
    // A page may be older than an outcome, never newer.
    if end.message.attempts > store[ref].attempts {
      fail("\(name) expires with a wrong count of attempts")
    }
    outcomes.append(Outcome(ref: ref, endedAt: now.monotonic, delay: nil))
  }

  private mutating func began(_ start: Scheduler.Start) {
    starts += 1
    let entry = store[start.ref]
    let flown = flights.updateValue(
      Flight(
        number: start.number,
        ends: now.monotonic + .milliseconds(Int.random(in: 0...2000, using: &random))),
      forKey: start.ref)
    let name = "message \(start.ref.number)"
    if flown != nil { fail("\(name) was started twice at once") }
    if outcomes.contains(where: { $0.ref == start.ref }) { fail("\(name) is not recorded yet") }
    if !entry.isLive { fail("\(name) had ended") }
    if let overdueMs = overdueMs(entry), overdueMs > 1000 {
      fail("\(name) starts \(overdueMs) ms late")
    }
    if start.number != entry.attempts + 1 { fail("\(name) miscounts its attempts") }
    // A wait for a failure may be cut short by a recovery, a delay by nothing.
    let isEarly = entry.attempts == 0 && entry.notBefore > now.monotonic
    if isEarly || entry.notBeforeMs > latestWallMs {
      fail("\(name) was started before its time")
    }
    if flights.count > limits.worker { fail("more in flight than slots") }
    let sameOrigin = flights.keys.count { store[$0].origin == entry.origin }
    if sameOrigin > 3, !succeeded.contains(entry.origin) {
      fail("\(entry.origin) never succeeded and has \(sameOrigin) calls")
    }
  }

  /// Everything that was asked is answered at once, no time passes: whatever is due by the store's
  /// account must have started, unless its destination may not have another call.
  private mutating func checkNothingIsForgotten() {
    settle()
    checkNothingOutlives()
    guard flights.count < limits.worker, failure == nil else { return }
    for entry in store.entries where entry.isLive && flights[entry.ref] == nil {
      guard entry.due <= now.monotonic, entry.notBeforeMs <= now.wallMs else { continue }
      if let overdueMs = overdueMs(entry), overdueMs >= 0 { continue }
      // After a step of the wall clock it may take until the next look at it.
      if entry.notBeforeMs > 0, now.monotonic < steppedAt + limits.wallLook { continue }
      if let i = scheduler.destinations[DestinationKey(lane: 0, origin: entry.origin)],
        isRightlyIdle(i, entry.path)
      {
        continue
      }
      return fail("message \(entry.ref.number) is due and nobody starts it")
    }
  }

  /// With time for the walks, whatever has reached its limit of time is over.
  private mutating func checkNothingOutlives() {
    guard now.monotonic > steppedAt + .milliseconds(limits.ageLookMs) else { return }
    let over = store.entries.filter {
      $0.isLive && flights[$0.ref] == nil && (overdueMs($0) ?? 0) > 0
    }
    guard !over.isEmpty else { return }
    // A walk takes a page at a time, at its pace.
    let steps = 200 + 4 * store.entries.count / limits.page
    for _ in 0..<steps where failure == nil && over.contains(where: { store[$0.ref].isLive }) {
      advance(100)
      settle()
    }
    if let late = over.first(where: { store[$0.ref].isLive && flights[$0.ref] == nil }) {
      fail("message \(late.ref.number) outlives its limit")
    }
  }

  private func isRightlyIdle(_ i: Int, _ path: UInt32) -> Bool {
    let destination = scheduler.destinations[i]
    let gate = destination.gate
    let circuits = destination.queue.circuits
    let pageIsLate = destination.pageNotBefore.map { $0 > now.monotonic } ?? false
    // What one destination and all suspects leave free while nobody waits (see the slots).
    let ceiling = limits.worker - max(1, limits.worker / 8)
    let suspectCeiling = limits.worker - max(1, limits.worker / 4)
    let suspectCalls = scheduler.destinations.live.reduce(0) { $0 + $1.gate.suspectCalls }
    let doubtfulCalls = scheduler.destinations.live.reduce(0) { $0 + $1.gate.doubtfulCalls }
    let isCapped =
      !scheduler.mayHaveAnother(i)
      || scheduler.destinationCount > 1
        && (gate.isSuspect && suspectCalls >= suspectCeiling
          || !gate.isTrusted && doubtfulCalls >= ceiling)
    let isHeld =
      !circuits.wholeMayStart(at: now.monotonic)
      || circuits.holding(path, at: now.monotonic) != nil
    let pulls = destination.queue.pullsEnough(of: 1, at: now)
    return pageIsLate || isHeld || isCapped || pulls || gate.inFlight >= gate.limit
  }

  private mutating func settle() {
    var rounds = 0
    var isQuiet = true
    repeat {
      let startsBefore = starts
      takeEvents()
      while !answers.isEmpty { answerSomePage(mayFail: false) }
      while !outcomes.isEmpty { acknowledgeSome() }
      plan()
      rounds += 1
      if rounds > 10_000 { return fail("walks without an end") }
      // What was read and parked makes room for another.
      isQuiet = starts == startsBefore
    } while failure == nil && (!answers.isEmpty || !outcomes.isEmpty || !isQuiet)
  }

  private mutating func finish() {
    var rounds = 0
    while failure == nil, store.liveCount > 0 || !flights.isEmpty || !outcomes.isEmpty {
      settle()
      advance(3000)
      while !flights.isEmpty, failure == nil {
        endSomeFlight(alwaysWell: true)
        plan()
        advance(1)
      }
      if let wakeAt, wakeAt > now.monotonic {
        advance(Int((wakeAt - now.monotonic) / .milliseconds(1)) + 1)
      }
      rounds += 1
      if rounds > 3000 { fail("\(store.liveCount) messages are never delivered") }
    }
    settle()
    if scheduler.scheduledCount != 0 { fail("miscounts what it holds") }
    // Long after, nothing is remembered of anyone.
    for _ in 0..<3 {
      advance(3_600_000)
      settle()
    }
    if scheduler.destinationCount != 0 { fail("remembers destinations for ever") }
  }

  private mutating func fail(_ what: String) {
    if failure == nil { failure = what }
  }
}
