import Dispatch
import Synchronization

/// The `WriteQueue` between those who ask and the writer thread.
///
/// A `Mutex`, because it is held for an append or a swap only and is taken once per submission; a
/// semaphore, because the writer is a real thread and sleeps with a deadline.
final class WriterInbox: Sendable {
  private struct State {
    var queue: WriteQueue
    var producers: [@Sendable (LogSignal) -> Void] = []
  }

  private let state: Mutex<State>
  private let wake = DispatchSemaphore(value: 0)

  init(limits: WriteQueue.Limits) { state = Mutex(State(queue: WriteQueue(limits: limits))) }

  func addProducer(_ deliver: @escaping @Sendable (LogSignal) -> Void) -> LogProducer {
    state.withLock { state in
      state.producers.append(deliver)
      return LogProducer(index: state.producers.count - 1)
    }
  }

  func offer(_ record: NewRecord, token: UInt64, producer: LogProducer) -> LogOffer {
    offer { $0.offer(record, token: token, producer: producer.index) }
  }

  func offer(_ batch: [NewRecord], _ reply: @escaping WriteQueue.BatchReply) -> LogOffer {
    offer { $0.offer(batch, reply) }
  }

  func offer(
    _ changes: [StateChange], hurry: Bool, _ reply: @escaping WriteQueue.ChangesReply
  ) -> LogOffer {
    offer { $0.offer(changes, hurry: hurry, reply) }
  }

  func offer(_ question: WriteQueue.Question) -> LogOffer { offer { $0.offer(question) } }
  func offer(_ reply: @escaping WriteQueue.CompactionReply) -> LogOffer {
    offer { $0.offer(reply) }
  }

  func prepared(_ result: PreparationResult) {
    if state.withLock({ $0.queue.prepared(result) }) { wake.signal() }
  }

  func checkpointed(_ result: CheckpointResult) {
    if state.withLock({ $0.queue.checkpointed(result) }) { wake.signal() }
  }

  func compacted(_ result: CompactionResult) {
    if state.withLock({ $0.queue.compacted(result) }) { wake.signal() }
  }

  func verified(_ result: VerificationResult, isUrgent: Bool) {
    if state.withLock({ $0.queue.verified(result, isUrgent: isUrgent) }) { wake.signal() }
  }

  func suspected(_ files: [String]) {
    if state.withLock({ $0.queue.suspected(files) }) { wake.signal() }
  }

  /// False when it was closed before.
  func close(because reason: String) -> Bool {
    let (isFirst, mustWake) = state.withLock { $0.queue.close(because: reason) }
    if mustWake { wake.signal() }
    return isFirst
  }

  /// nil while it is open.
  var closedBecause: String? { state.withLock { $0.queue.closedBecause } }

  var waiting: (messages: Int, bytes: Int) {
    state.withLock { ($0.queue.messages, $0.queue.bytes) }
  }

  private func offer(
    _ make: (inout WriteQueue) -> (LogOffer, mustWake: Bool)
  ) -> LogOffer {
    let (offer, mustWake) = state.withLock { make(&$0.queue) }
    if mustWake { wake.signal() }
    return offer
  }
}

/// The writer's side.
extension WriterInbox {
  /// What waits, in place of the emptied array; sleeps until there is something or until `deadline`
  /// (`Monotonic` nanoseconds; nil: for ever).
  func wait(into requests: inout [WriteQueue.Request], until deadline: UInt64?) {
    while !drain(into: &requests, elseSleep: true) {
      guard let deadline else {
        wake.wait()
        continue
      }
      let now = Monotonic.nanoseconds()
      let pause = DispatchTimeInterval.nanoseconds(Int(clamping: deadline - min(now, deadline)))
      if wake.wait(timeout: .now() + pause) == .timedOut {
        // Filled at the last moment: take it now, its signal ends the next sleep early.
        _ = drain(into: &requests)
        return
      }
    }
  }

  /// Without sleeping; false when nothing waits.
  func drain(into requests: inout [WriteQueue.Request]) -> Bool {
    drain(into: &requests, elseSleep: false)
  }

  private func drain(into requests: inout [WriteQueue.Request], elseSleep: Bool) -> Bool {
    state.withLock { $0.queue.drain(into: &requests, elseSleep: elseSleep) }
  }

  /// Whom to deliver to. Taken once per commit instead of once per answer.
  func producers() -> [@Sendable (LogSignal) -> Void] { state.withLock { $0.producers } }

  /// After the answers went out; tells those who were refused that there is room again.
  func release(messages: Int, bytes: Int, changes: Int) {
    let (roomFor, producers) = state.withLock { state in
      let roomFor = state.queue.release(messages: messages, bytes: bytes, changes: changes)
      return (roomFor, roomFor.isEmpty ? [] : state.producers)
    }
    for index in roomFor { producers[index](.roomAvailable) }
  }

  func fail(because reason: String) -> [WriteQueue.Request] {
    state.withLock { $0.queue.fail(because: reason) }
  }
}
