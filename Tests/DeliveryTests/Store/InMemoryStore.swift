import Delivery
import Dispatch
import Synchronization

/// The plain model of a `MessageStore`: everything in arrays behind one lock, "durable" at once
/// unless a test holds the commits. The same suite runs against it and against the embedded store.
final class InMemoryStore: MessageStore {
  struct Options: Sendable {
    /// Announced one by one; beyond it `more`.
    var arrivalWindow = 8_192
    /// What may wait for a held commit.
    var waitingMessages = 8_192
    /// Changes that don't ask for a commit wait for one to ride on; until `releaseCommits`.
    var unhurriedWait = false
    var dedupWindowMs: UInt64 = 24 * 3_600_000
  }

  /// What a test makes go wrong.
  struct Faults: Sendable {
    /// Thrown by every `record` while set; nothing is recorded then.
    var record: StoreError?
    /// `bodies` answers nil for these.
    var unreadable: Set<MessageRef> = []
  }

  static let grant = LaneGrant(lane: 0, epoch: 1)

  private struct State {
    var isClosed = false
    var isHeld = false
    var unhurriedWait: Bool
    var faults = Faults()
    var waiting: [Request] = []
    var waitingMessages = 0
    var refusedPorts: [InMemoryPort] = []
    var events: InMemoryEvents
  }

  /// One thing that waits for the next commit.
  private enum Request {
    case batch([Message], CheckedContinuation<Result<[Admission], StoreError>, Never>)
    case ported(Message, token: UInt64, InMemoryPort)
    case changes([Change], CheckedContinuation<Result<[MessageRef], StoreError>, Never>)

    var messageCount: Int {
      switch self {
      case .batch(let batch, _): batch.count
      case .ported: 1
      case .changes: 0
      }
    }
  }

  let log: InMemoryLog
  private let clock: any Clock
  private let options: Options
  private let state: Mutex<State>
  /// `deliver` of the ports runs here, in the order of the commits.
  private let delivery = DispatchQueue(label: "in-memory-store")

  init(log: InMemoryLog = InMemoryLog(), clock: any Clock, options: Options = Options()) {
    self.log = log
    self.clock = clock
    self.options = options
    var events = InMemoryEvents(window: options.arrivalWindow, clock: clock)
    events.announce(.granted(Self.grant))
    log.contents.withLock { contents in
      for entry in contents.entries where entry.state == .pending {
        events.overflow(entry.message.origin, from: entry.ref.number, earliestOwnMs: 0)
      }
    }
    state = Mutex(State(unhurriedWait: options.unhurriedWait, events: events))
  }

  /// Nothing becomes durable until `releaseCommits`, after which nothing waits.
  func holdCommits() { state.withLock { $0.isHeld = true } }

  func releaseCommits() {
    state.withLock { state in
      state.isHeld = false
      state.unhurriedWait = false
      commit(&state)
    }
  }

  func setFaults(_ change: @Sendable (inout Faults) -> Void) {
    state.withLock { change(&$0.faults) }
  }

  func enqueue(_ batch: [Message]) async throws(StoreError) -> [Admission] {
    let result: Result<[Admission], StoreError> = await withCheckedContinuation { continuation in
      state.withLock { state in
        if let refusal = refusal(state, of: batch.count) {
          return continuation.resume(returning: .failure(refusal))
        }
        take(.batch(batch, continuation), &state)
      }
    }
    return try result.get()
  }

  func makeEnqueuePort(deliver: @escaping @Sendable (EnqueueSignal) -> Void) -> any EnqueuePort {
    InMemoryPort(store: self, deliver: deliver)
  }

  func submit(
    _ message: Message, token: UInt64, from port: InMemoryPort
  ) -> SubmitVerdict {
    state.withLock { state in
      switch refusal(state, of: 1) {
      case nil:
        take(.ported(message, token: token, port), &state)
      case .full:
        if !state.refusedPorts.contains(where: { $0 === port }) { state.refusedPorts.append(port) }
        return .full
      case .some(let refusal):
        signal(port, .completed([EnqueueCompletion(token: token, result: .failure(refusal))]))
      }
      return .accepted
    }
  }

  func nextEvents() async -> [StoreEvent] {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { state in
          if state.isClosed || Task.isCancelled { return continuation.resume(returning: []) }
          state.events.wait(continuation)
        }
      }
    } onCancel: {
      state.withLock { $0.events.stopWaiting() }
    }
  }

  func record(
    _ changes: [Change], under grant: LaneGrant, hurry: Bool
  ) async throws(StoreError) -> [MessageRef] {
    let result: Result<[MessageRef], StoreError> = await withCheckedContinuation { continuation in
      state.withLock { state in
        if state.isClosed || grant != Self.grant {
          return continuation.resume(returning: .failure(Self.unavailable))
        }
        if let error = state.faults.record {
          return continuation.resume(returning: .failure(error))
        }
        take(.changes(changes, continuation), waits: state.unhurriedWait && !hurry, &state)
      }
    }
    return try result.get()
  }

  func bodies(_ refs: [MessageRef]) async throws(StoreError) -> [Message?] {
    let unreadable = try whileOpen { $0.faults.unreadable }
    return log.contents.withLock { contents in
      refs.map { ref in
        guard let entry = contents.entry(ref), !unreadable.contains(ref) else { return nil }
        return entry.state == .pending || entry.state == .dead ? entry.message : nil
      }
    }
  }

  func pending(
    _ grant: LaneGrant, origin: Origin, after: Cursor?, limit: Int
  ) async throws(StoreError) -> PendingPage {
    try whileOpen { _ in }
    guard grant == Self.grant else { throw Self.unavailable }
    let nowMs = clock.wallMs()
    return log.contents.withLock { contents in
      let seen = Int(clamping: after?.value ?? 0)
      var page = PendingPage(entries: [], next: nil, upTo: UInt64(contents.entries.count))
      for entry in contents.entries.dropFirst(seen)
      where entry.state == .pending && entry.message.origin == origin {
        if page.entries.count == max(limit, 1) {
          page.upTo = page.entries[page.entries.count - 1].ref.number
          page.next = Cursor(value: page.upTo)
          break
        }
        page.entries.append(entry.pendingEntry(nowMs: nowMs))
      }
      return page
    }
  }

  func lookup(uuid: String) async throws(StoreError) -> MessageStatus? {
    try whileOpen { _ in }
    let nowMs = clock.wallMs()
    return log.contents.withLock { contents in
      contents.newest[uuid].map { contents.entries[$0].status(nowMs: nowMs) }
    }
  }

  func backlog(of origin: Origin?) async throws(StoreError) -> Backlog {
    let nowMs = clock.wallMs()
    return log.contents.withLock { contents in
      let waiting = contents.entries.filter {
        $0.state == .pending && (origin == nil || $0.message.origin == origin)
      }
      return Backlog(
        waiting: UInt64(waiting.count),
        oldestFromMs: waiting.map(\.ageFromMs).filter { $0 <= nowMs }.min())
    }
  }

  func counts() async -> StoreCounts {
    log.contents.withLock { contents in
      var counts = StoreCounts(accepted: UInt64(contents.entries.count))
      for entry in contents.entries {
        switch entry.state {
        case .pending: counts.pending += 1
        case .dead: counts.dead += 1
        case .delivered: counts.delivered += 1
        case .cancelled: counts.cancelled += 1
        }
      }
      return counts
    }
  }

  func close() async {
    state.withLock { state in
      state.isHeld = false
      commit(&state)
      state.isClosed = true
      state.events.stopWaiting()
    }
  }

  private static let unavailable = StoreError.unavailable(reason: "the store is closed")

  private func whileOpen<T>(_ read: (State) -> T) throws(StoreError) -> T {
    let answer = state.withLock { $0.isClosed ? nil : read($0) }
    guard let answer else { throw Self.unavailable }
    return answer
  }

  private func refusal(_ state: State, of count: Int) -> StoreError? {
    if state.isClosed { return Self.unavailable }
    // A batch that is larger than the whole room is taken when nothing else waits.
    let isFull =
      state.waitingMessages > 0 && state.waitingMessages + count > options.waitingMessages
    return isFull ? .full(retryAfter: .seconds(1)) : nil
  }

  private func take(_ request: Request, waits: Bool = false, _ state: inout State) {
    state.waiting.append(request)
    state.waitingMessages += request.messageCount
    if !state.isHeld && !waits { commit(&state) }
  }

  private func commit(_ state: inout State) {
    let waiting = state.waiting
    state.waiting = []
    state.waitingMessages = 0
    let nowMs = clock.wallMs()
    var arrived: [InMemoryLog.Entry] = []
    var answers: [(InMemoryPort, [EnqueueCompletion])] = []
    log.contents.withLock { contents in
      for request in waiting {
        switch request {
        case .batch(let batch, let continuation):
          continuation.resume(returning: .success(store(batch, &contents, nowMs, &arrived)))
        case .ported(let message, let token, let port):
          let admission = store([message], &contents, nowMs, &arrived)[0]
          let completion = EnqueueCompletion(token: token, result: .success(admission))
          if let at = answers.firstIndex(where: { $0.0 === port }) {
            answers[at].1.append(completion)
          } else {
            answers.append((port, [completion]))
          }
        case .changes(let changes, let continuation):
          let refused = changes.filter { !contents.apply($0, nowMs: nowMs) }
          continuation.resume(returning: .success(refused.map(\.ref)))
        }
      }
    }
    for (port, completions) in answers { signal(port, .completed(completions)) }
    for port in state.refusedPorts { signal(port, .roomAvailable) }
    state.refusedPorts = []
    state.events.arrived(arrived, under: Self.grant)
  }

  private func store(
    _ batch: [Message], _ contents: inout InMemoryLog.Contents, _ nowMs: UInt64,
    _ arrived: inout [InMemoryLog.Entry]
  ) -> [Admission] {
    let before = batch.count > 1 ? contents : nil
    let arrivedBefore = arrived.count
    let admissions = batch.map { message in
      let answer = contents.admit(message, nowMs: nowMs, windowMs: options.dedupWindowMs)
      if case .stored = answer, let entry = contents.entries.last {
        arrived.append(entry)
      }
      return answer
    }
    guard let before, admissions.contains(.conflict) else { return admissions }
    contents = before
    arrived.removeLast(arrived.count - arrivedBefore)
    return admissions.map { $0 == .conflict ? .conflict : .notStored }
  }

  private func signal(_ port: InMemoryPort, _ signal: EnqueueSignal) {
    delivery.async { port.deliver(signal) }
  }
}
