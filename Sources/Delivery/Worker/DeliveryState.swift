import DequeModule

/// Everything the tasks of `DeliveryService` share. Stands behind its one `Mutex`: each of them tells
/// what happened, takes what it is to do next, and lets go.
struct DeliveryState {
  var scheduler: Scheduler
  var bodies: BodyPipeline
  var outcomes = OutcomeQueue()
  var pages: Deque<PageRequest> = []
  var random: SplitMix
  var tally = AttemptTally()
  var clocks = ClockWatch()
  var shortages = ShortageWatch()
  var news = DestinationNews()
  var refusedChanges: UInt64 = 0
  /// Messages that reached their limit of time while they waited.
  var expired: UInt64 = 0
  /// Those among them that get a line, until it is written.
  var deaths: [(Expired, AttemptNote)] = []
  private let retry: RetryPolicy

  var workers = ParkingLot()
  var clerks = ParkingLot()
  /// Batches of outcomes that clerks have handed to the store, until it has them.
  var handovers = 0
  var walkers = ParkingLot()
  var reporters = ParkingLot()
  var phase = Phase.running
  /// Batches that the store has refused to take and that are being tried again.
  var failingBatches = 0
  /// The wake-up that is set, and its task.
  var alarm: Alarm?
  var handles: Handles?

  /// Tasks that record, each with one call to the store under way.
  static let clerkCount = 16
  /// So many outcomes are worth a commit of their own.
  private static let commitWorth = 256

  /// All clerks but one hand over what there is, which rides the next commit. The last one is kept
  /// until there is enough to ask for a commit: with all of them waiting for one to ride on, a busy
  /// delivery would leave thousands of outcomes unrecorded, to be delivered again after a crash.
  var wantsClerk: Bool {
    !outcomes.isEmpty && (handovers < Self.clerkCount - 1 || wantsCommit)
  }
  /// What is handed over now should not wait for a commit to ride on.
  var wantsCommit: Bool { phase != .running || scheduler.unrecordedCount >= Self.commitWorth }

  enum Phase: Comparable {
    case running
    /// No new attempts; those in flight go on.
    case draining
    /// No attempt is in flight; what was not recorded is recorded.
    case recording
  }

  struct Alarm {
    let at: Duration
    let task: Task<Void, Never>
  }

  /// Of the running service, for `shutdown`.
  struct Handles {
    let workers: Task<Void, Never>
    let all: Task<Void, Never>
  }

  init(_ configuration: DeliveryConfiguration, suspects: CrashSuspects, startedAt: Duration) {
    var limits = configuration.schedule
    limits.worker = max(1, configuration.worker)
    // With the jitter that it may have.
    limits.retryWait = configuration.retry.cap + configuration.retry.cap / 10
    limits.maxAgeMs = configuration.retry.maxAgeMs
    retry = configuration.retry
    let knownGood = configuration.knownGood.map {
      ($0.origin, startedAt - .seconds($0.provenSeconds))
    }
    scheduler = Scheduler(
      limits: limits, knownGood: Dictionary(knownGood, uniquingKeysWith: { first, _ in first }))
    scheduler.suspects = suspects
    bodies = BodyPipeline(
      bytesMax: configuration.bodyMemoryMax, bodyMax: configuration.bodyBytesMax)
    random = SplitMix(seed: configuration.seed ?? UInt64.random(in: 0...UInt64.max))
  }

  /// What the schedule wants now goes where the tasks find it.
  /// - Parameter servesItself: a worker calls, which takes up one thing to do without being woken.
  /// - Returns: when to ask again at the latest.
  mutating func drive(
    at now: Moment, servesItself: Bool, waking woken: inout [CheckedContinuation<Void, Never>]
  ) -> Duration? {
    guard phase == .running else {
      if wantsClerk { clerks.take(1, into: &woken) }
      return nil
    }
    let plan = scheduler.plan(at: now)
    for start in plan.starts { bodies.want(start) }
    for end in plan.expired { record(end, at: now) }
    pages.append(contentsOf: plan.pages)
    let toDo = bodies.jobCount + (bodies.canFetch ? 1 : 0)
    workers.take(max(0, toDo - (servesItself ? 1 : 0)), into: &woken)
    walkers.take(pages.count, into: &woken)
    if wantsClerk { clerks.take(1, into: &woken) }
    if !news.isQuiet { reporters.take(1, into: &woken) }
    return plan.wakeAt
  }

  private mutating func record(_ end: Expired, at now: Moment) {
    let note = retry.note(of: end)
    if end.cause == .age { expired += 1 }
    outcomes.append(
      .finish(
        end.message.ref, Ending(kind: .dead, attempts: end.message.attempts, result: note)),
      under: end.grant)
    if end.cause == .endedTheProcess {
      news.heldBack(end.message.ref, of: end.origin)
    } else if news.died(end.origin, note.error, at: now) {
      deaths.append((end, note))
    }
  }
}
