import Dispatch
import SegmentLog

extension SegmentLogStore {
  package func enqueue(_ batch: [Message]) async throws(StoreError) -> [Admission] {
    guard !batch.isEmpty else { return [] }
    let records = batch.map { NewRecord($0, in: storeUUID) }
    let answer = try await asking { () async throws(LogRejection) in
      try await log.enqueue(records)
    }
    switch answer {
    case .admitted(let admissions): return admissions.map { Admission(LogAnswer($0)) }
    case .conflict(let indices):
      var answers = [Admission](repeating: .notStored, count: batch.count)
      for index in indices { answers[index] = .conflict }
      return answers
    }
  }

  package func makeEnqueuePort(
    deliver: @escaping @Sendable (EnqueueSignal) -> Void
  ) -> any EnqueuePort {
    SegmentLogPort(log: log, storeUUID: storeUUID, deliver: deliver)
  }

  package func record(
    _ changes: [Change], under grant: LaneGrant, hurry: Bool
  ) async throws(StoreError) -> [MessageRef] {
    try check(grant)
    let mine = changes.filter { $0.ref.lane == grant.lane }
    var refused = changes.map(\.ref).filter { $0.lane != grant.lane }
    guard !mine.isEmpty else { return refused }
    let indices = try await asking { () async throws(LogRejection) in
      try await log.apply(mine.map { StateChange($0) }, hurry: hurry)
    }
    refused.append(contentsOf: indices.map { mine[$0].ref })
    feed.forget(mine.compactMap(\.endedRef))
    return refused
  }

  func check(_ grant: LaneGrant) throws(StoreError) {
    guard grant == Self.grant else {
      throw .unavailable(reason: "lane \(grant.lane) is not granted in epoch \(grant.epoch)")
    }
  }
}

/// The hot path: key, hash and payload are made on the producer's thread, then one lock.
private final class SegmentLogPort: EnqueuePort {
  private let log: RunningLog
  private let storeUUID: StoreUUID
  private let producer: LogProducer
  private let deliver: @Sendable (EnqueueSignal) -> Void
  /// For answers that the log does not give because it took nothing.
  private let refusals = DispatchQueue(label: "enqueue-refusals")

  init(
    log: RunningLog, storeUUID: StoreUUID, deliver: @escaping @Sendable (EnqueueSignal) -> Void
  ) {
    self.log = log
    self.storeUUID = storeUUID
    self.deliver = deliver
    producer = log.producer { signal in
      switch signal {
      case .completed(let completions): deliver(.completed(completions.map(EnqueueCompletion.init)))
      case .roomAvailable: deliver(.roomAvailable)
      }
    }
  }

  func submit(_ message: Message, token: UInt64) -> SubmitVerdict {
    let record = NewRecord(message, in: storeUUID)
    switch log.submit(record, token: token, from: producer) {
    case .accepted: return .accepted
    case .full: return .full
    case .rejected(let rejection):
      let completion = EnqueueCompletion(token: token, result: .failure(StoreError(rejection)))
      refusals.async { [deliver] in deliver(.completed([completion])) }
      return .accepted
    }
  }
}

extension EnqueueCompletion {
  fileprivate init(_ completion: LogCompletion) {
    self.init(
      token: completion.token,
      result: completion.result.map { Admission($0) }.mapError { StoreError($0) })
  }
}

extension Admission {
  fileprivate init(_ answer: LogAnswer) {
    self =
      switch answer {
      case .stored(let sequence): .stored(SegmentLogStore.ref(sequence))
      case .duplicate(let sequence): .duplicate(SegmentLogStore.ref(sequence))
      case .conflict: .conflict
      }
  }
}

extension SegmentLogStore {
  static func ref(_ sequence: Sequence) -> MessageRef {
    MessageRef(lane: grant.lane, number: sequence)
  }
}

extension Change {
  fileprivate var endedRef: MessageRef? {
    guard case .finish(let ref, _) = self else { return nil }
    return ref
  }
}
