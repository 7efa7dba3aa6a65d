import Delivery
import SegmentLog
import Synchronization

@testable import Gateway

/// A store without durability whose commits, fullness and errors the test decides.
final class FakeStore: MessageStore, LogAdministration, DeliveryProbe {
  struct State {
    var messages: [String: Message] = [:]
    var order: [String] = []
    var statuses: [String: MessageStatus] = [:]
    var inFlight: Set<MessageRef> = []
    var counts = StoreCounts()
    var backlog = Backlog(waiting: 0, oldestFromMs: nil)
    var nextCallMs: [Origin: UInt64] = [:]
    var delivery = DeliveryCounters()
    var log = LogMetrics()
    var overview = LogOverview(directory: "log", segments: [], bytesOnDisk: 0)
    /// What the store says instead of storing.
    var error: StoreError?
    /// Commits wait for `commit()`.
    var holds = false
    var isFull = false
    var held: [(port: FakePort, message: Message, token: UInt64)] = []
    var ports: [FakePort] = []
    var submissions = 0
  }

  let state = Mutex(State())

  func makeEnqueuePort(deliver: @escaping @Sendable (EnqueueSignal) -> Void) -> any EnqueuePort {
    let port = FakePort(store: self, deliver: deliver)
    state.withLock { $0.ports.append(port) }
    return port
  }

  func submit(_ message: Message, token: UInt64, port: FakePort) -> SubmitVerdict {
    let result: Result<Admission, StoreError>? = state.withLock { state in
      if state.isFull { return .failure(.full(retryAfter: .seconds(1))) }
      state.submissions += 1
      if state.holds {
        state.held.append((port, message, token))
        return nil
      }
      return Self.admit(message, &state)
    }
    guard let result else { return .accepted }
    if case .failure(.full) = result, state.withLock({ $0.isFull }) { return .full }
    port.deliver(.completed([EnqueueCompletion(token: token, result: result)]))
    return .accepted
  }

  /// Answers everything held, one signal per port as a commit does.
  func commit() {
    let completions = state.withLock { state in
      defer { state.held = [] }
      return state.held.map { ($0.port, $0.token, Self.admit($0.message, &state)) }
    }
    for port in state.withLock({ $0.ports }) {
      let own = completions.filter { $0.0 === port }
      guard !own.isEmpty else { continue }
      port.deliver(.completed(own.map { EnqueueCompletion(token: $0.1, result: $0.2) }))
    }
  }

  func makeRoom() {
    let ports = state.withLock { state in
      state.isFull = false
      return state.ports
    }
    for port in ports { port.deliver(.roomAvailable) }
  }

  private static func admit(
    _ message: Message, _ state: inout State
  ) -> Result<Admission, StoreError> {
    if let error = state.error { return .failure(error) }
    let ref = MessageRef(lane: 0, number: UInt64(state.order.count))
    if let known = state.messages[message.uuid] {
      return .success(known == message ? .duplicate(ref) : .conflict)
    }
    state.messages[message.uuid] = message
    state.order.append(message.uuid)
    return .success(.stored(ref))
  }

  var stored: [String] { state.withLock { $0.order } }

  func message(_ uuid: String) -> Message? { state.withLock { $0.messages[uuid] } }

  // MARK: The rest of the store

  func enqueue(_ batch: [Message]) async throws(StoreError) -> [Admission] { [] }
  func nextEvents() async -> [StoreEvent] { [] }
  func record(
    _ changes: [Change], under grant: LaneGrant, hurry: Bool
  ) async throws(StoreError) -> [MessageRef] { [] }
  func bodies(_ refs: [MessageRef]) async throws(StoreError) -> [Message?] { [] }
  func pending(
    _ grant: LaneGrant, origin: Origin, after: Cursor?, limit: Int
  ) async throws(StoreError) -> PendingPage { PendingPage(entries: [], next: nil, upTo: 0) }
  func lookup(uuid: String) async throws(StoreError) -> MessageStatus? {
    state.withLock { $0.statuses[uuid] }
  }
  func counts() async -> StoreCounts { state.withLock { $0.counts } }
  func backlog(of origin: Origin?) async throws(StoreError) -> Backlog {
    state.withLock { $0.backlog }
  }
  func close() async {}

  // MARK: What stands beside it

  func overview() async throws(StoreError) -> LogOverview { state.withLock { $0.overview } }
  func compactionPreview() async throws(StoreError) -> CompactionPreview {
    CompactionPreview(
      decisions: [
        CompactionPlan.Decision(file: "wal-1", job: 0, why: "1 of 9 live"),
        CompactionPlan.Decision(file: "wal-2", job: nil, why: "active"),
      ], progress: CompactionProgress(jobs: 3, done: 1, bytes: 5, expected: 9))
  }
  func compact() async throws(StoreError) -> CompactionReport {
    let segments = state.withLock { $0.overview.segments }
    return CompactionReport(
      removed: segments.filter { $0.keptBecause == nil },
      kept: segments.filter { $0.keptBecause != nil }, bytesBefore: 300, bytesAfter: 200)
  }
  func metrics() -> LogMetrics { state.withLock { $0.log } }
  func isInFlight(_ ref: MessageRef) -> Bool { state.withLock { $0.inFlight.contains(ref) } }
  func deliveryCounters() -> DeliveryCounters { state.withLock { $0.delivery } }
  func nextCallMs(to origin: Origin, path: UInt32) -> UInt64? {
    state.withLock { $0.nextCallMs[origin] }
  }
}

final class FakePort: EnqueuePort {
  private let store: FakeStore
  let deliver: @Sendable (EnqueueSignal) -> Void

  init(store: FakeStore, deliver: @escaping @Sendable (EnqueueSignal) -> Void) {
    self.store = store
    self.deliver = deliver
  }

  func submit(_ message: Message, token: UInt64) -> SubmitVerdict {
    store.submit(message, token: token, port: self)
  }
}

struct FixedClock: Clock {
  /// 2026-11-24T08:00:00.123Z, a Tuesday.
  static let wall: UInt64 = 1_795_507_200_123
  func monotonic() -> Duration { .zero }
  func wallMs() -> UInt64 { Self.wall }
}
