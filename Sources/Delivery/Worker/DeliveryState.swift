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
  var refusedChanges: UInt64 = 0

  var workers = ParkingLot()
  var clerks = ParkingLot()
  var walkers = ParkingLot()
  var phase = Phase.running
  /// Batches that the store has refused to take and that are being tried again.
  var failingBatches = 0
  /// The wake-up that is set, and its task.
  var alarm: Alarm?
  var handles: Handles?

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

  init(_ configuration: DeliveryConfiguration) {
    var limits = configuration.schedule
    limits.worker = max(1, configuration.worker)
    scheduler = Scheduler(limits: limits)
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
      if !outcomes.isEmpty { clerks.take(1, into: &woken) }
      return nil
    }
    let plan = scheduler.plan(at: now)
    for start in plan.starts { bodies.want(start) }
    pages.append(contentsOf: plan.pages)
    let toDo = bodies.jobCount + (bodies.canFetch ? 1 : 0)
    workers.take(max(0, toDo - (servesItself ? 1 : 0)), into: &woken)
    walkers.take(pages.count, into: &woken)
    if !outcomes.isEmpty { clerks.take(1, into: &woken) }
    return plan.wakeAt
  }
}
