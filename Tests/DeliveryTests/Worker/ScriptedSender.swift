import Delivery
import Synchronization

/// A network that answers as a test says, and remembers what it was asked and when.
final class ScriptedSender: HTTPSender {
  struct Call: Sendable {
    let request: OutboundRequest
    let at: Duration
    var header: [String: String] {
      Dictionary(
        request.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    var uuid: String { header["webhook-id"] ?? "" }
  }

  private struct State {
    var calls: [Call] = []
    var inFlight: [Origin: Int] = [:]
    var highest: [Origin: Int] = [:]
    var hanging: [UInt64: CheckedContinuation<AttemptResult, Never>] = [:]
    var nextID: UInt64 = 0
  }

  enum Answer: Sendable {
    case result(AttemptResult)
    /// Until cancelled, or released by the test.
    case hang

    static func status(_ status: UInt16, retryAfter: String? = nil) -> Answer {
      .result(.response(ResponseSummary(status: status, retryAfter: retryAfter)))
    }
  }

  private let time: ManualTime
  private let state = Mutex(State())
  private let script: @Sendable (Call) -> Answer

  init(time: ManualTime, script: @escaping @Sendable (Call) -> Answer) {
    self.time = time
    self.script = script
  }

  var calls: [Call] { state.withLock { $0.calls } }
  var hangingCount: Int { state.withLock { $0.hanging.count } }
  func highest(_ origin: Origin) -> Int { state.withLock { $0.highest[origin] ?? 0 } }

  /// Everything that hangs gets this answer.
  func release(_ result: AttemptResult) {
    let hanging = state.withLock { state in
      defer { state.hanging = [:] }
      return state.hanging.values
    }
    for continuation in hanging { continuation.resume(returning: result) }
  }

  func send(_ request: OutboundRequest) async -> AttemptResult {
    let call = Call(request: request, at: time.monotonic())
    let id = state.withLock { state in
      state.calls.append(call)
      let count = (state.inFlight[request.origin] ?? 0) + 1
      state.inFlight[request.origin] = count
      state.highest[request.origin] = max(state.highest[request.origin] ?? 0, count)
      state.nextID += 1
      return state.nextID
    }
    defer { state.withLock { $0.inFlight[request.origin, default: 0] -= 1 } }
    switch script(call) {
    case .result(let result): return result
    case .hang: return await hang(id)
    }
  }

  private func hang(_ id: UInt64) async -> AttemptResult {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { state in
          if Task.isCancelled { return continuation.resume(returning: .interrupted) }
          state.hanging[id] = continuation
        }
      }
    } onCancel: {
      state.withLock { $0.hanging.removeValue(forKey: id) }?.resume(returning: .interrupted)
    }
  }
}
