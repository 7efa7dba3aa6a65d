@testable import Delivery

/// A schedule and the little that a test needs to say to it: messages by number, destinations by
/// name, outcomes acknowledged at once unless said otherwise.
struct ScheduleWorld {
  static let grant = LaneGrant(lane: 0, epoch: 1)

  var scheduler: Scheduler
  var now = Moment(monotonic: .zero, wallMs: 1_790_000_000_000)
  private(set) var wakeAt: Duration?
  private(set) var pages: [PageRequest] = []
  private(set) var expired: [Expired] = []
  private(set) var lastNumber: UInt64 = 0
  private var flights: [(number: UInt64, origin: Origin)] = []

  init(worker: Int) {
    var limits = SchedulerLimits()
    limits.worker = worker
    self.init(limits: limits)
  }

  init(limits: SchedulerLimits, knownGood: [Origin: Duration] = [:]) {
    scheduler = Scheduler(limits: limits, knownGood: knownGood)
    scheduler.handle(.granted(Self.grant), at: now)
  }

  static func origin(_ name: String) -> Origin { Origin(normalised: "http://\(name):80") }

  func entry(
    _ number: UInt64, at name: String, path: UInt32 = 0, due: PendingEntry.Due = .now,
    maxAgeMs: UInt64? = nil
  ) -> PendingEntry {
    var entry = PendingEntry(
      ref: MessageRef(lane: 0, number: number), origin: Self.origin(name), ageFromMs: now.logMs,
      due: due, maxAgeMs: maxAgeMs)
    entry.path = path
    return entry
  }

  mutating func arrive(
    _ count: Int, at name: String, path: UInt32 = 0, due: PendingEntry.Due = .now,
    maxAgeMs: UInt64? = nil
  ) {
    let entries = (1...count).map {
      entry(lastNumber + UInt64($0), at: name, path: path, due: due, maxAgeMs: maxAgeMs)
    }
    lastNumber += UInt64(count)
    scheduler.handle(.arrived(Self.grant, entries), at: now)
  }

  /// So many delivered messages each that they may have all slots.
  mutating func warmUp(_ names: String...) {
    for name in names { warmUp(name, times: scheduler.limits.worker) }
  }

  mutating func warmUp(_ name: String, times: Int) {
    for _ in 0..<times {
      arrive(1, at: name)
      _ = deliverNext()
    }
  }

  mutating func plan() -> Scheduler.Plan {
    let plan = scheduler.plan(at: now)
    wakeAt = plan.wakeAt
    pages += plan.pages
    flights += plan.starts.map { ($0.ref.number, $0.origin) }
    expired += plan.expired
    return plan
  }

  @discardableResult
  mutating func start() -> [UInt64] { plan().starts.map(\.ref.number) }

  mutating func deliverNext() -> UInt64? {
    guard let number = start().first else { return nil }
    end(number, .success)
    return number
  }

  func flying(_ name: String) -> [UInt64] {
    flights.filter { $0.origin == Self.origin(name) }.map(\.number)
  }

  func inFlight(_ name: String) -> Int { flying(name).count }

  /// What a worker finds out as it reads the message. - Returns: whether the attempt is made.
  mutating func locate(_ number: UInt64, path: UInt32) -> Bool {
    let goesOn = scheduler.located(MessageRef(lane: 0, number: number), path: path, at: now)
    if !goesOn { flights.removeAll { $0.number == number } }
    return goesOn
  }

  mutating func pass(_ time: Duration) {
    now.monotonic += time
    now.wallMs += UInt64(time / .milliseconds(1))
    now.logMs += UInt64(time / .milliseconds(1))
  }

  /// A success delivers, anything else is dead: the message is over.
  mutating func end(
    _ number: UInt64, _ health: DestinationSignal.Health, hold: Duration? = nil,
    acknowledged: Bool = true
  ) {
    let note = AttemptNote(status: 0)
    let verdict: Verdict = health == .success ? .delivered(note) : .dead(note)
    finish(number, Judgement(verdict, DestinationSignal(health, hold: hold)), acknowledged)
  }

  mutating func retry(
    _ number: UInt64, after wait: Duration, _ health: DestinationSignal.Health = .neutral,
    hold: Duration? = nil, acknowledged: Bool = true
  ) {
    let verdict = Verdict.retry(after: wait, AttemptNote(status: 500))
    let signal = DestinationSignal(health, hold: hold, asksMessage: hold != nil)
    finish(number, Judgement(verdict, signal), acknowledged)
  }

  mutating func endOldest(_ health: DestinationSignal.Health) {
    if let first = flights.first { end(first.number, health) }
  }

  mutating func endOldest(of name: String, _ health: DestinationSignal.Health) {
    if let first = flying(name).first { end(first, health) }
  }

  mutating func acknowledge(_ number: UInt64, refused: Bool = false) {
    scheduler.recorded(MessageRef(lane: 0, number: number), refused: refused, at: now)
  }

  mutating func answerPages(_ entries: [PendingEntry]) {
    for page in pages {
      let answer = PendingPage(entries: entries, next: nil, upTo: lastNumber)
      scheduler.pageArrived(answer, for: page, at: now)
    }
    pages = []
  }

  private mutating func finish(_ number: UInt64, _ judgement: Judgement, _ acknowledged: Bool) {
    flights.removeAll { $0.number == number }
    let ref = MessageRef(lane: 0, number: number)
    _ = scheduler.ended(ref, judgement, at: now)
    if acknowledged { acknowledge(number) }
  }
}
