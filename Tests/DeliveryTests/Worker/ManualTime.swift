import Delivery
import Synchronization

/// Time that only a test moves, for the clock and for whoever sleeps.
final class ManualTime: Clock {
  private struct Sleeper {
    let id: UInt64
    let until: Duration
    let continuation: CheckedContinuation<Void, Never>
  }
  private struct State {
    var now: Duration = .zero
    var wallMs: UInt64 = 1_790_000_000_000
    var nextID: UInt64 = 0
    var sleepers: [Sleeper] = []
    var cancelled: Set<UInt64> = []
  }
  private let state = Mutex(State())

  func monotonic() -> Duration { state.withLock { $0.now } }
  func wallMs() -> UInt64 { state.withLock { $0.wallMs } }

  func advance(by step: Duration) {
    let woken = state.withLock { state in
      state.now += step
      state.wallMs += UInt64(step / .milliseconds(1))
      let due = state.sleepers.filter { $0.until <= state.now }
      state.sleepers.removeAll { $0.until <= state.now }
      return due
    }
    for sleeper in woken { sleeper.continuation.resume() }
  }

  @Sendable func sleep(for duration: Duration) async {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if duration <= .zero || state.cancelled.remove(id) != nil { return true }
          state.sleepers.append(
            Sleeper(id: id, until: state.now + duration, continuation: continuation))
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let at = state.sleepers.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil
        }
        return state.sleepers.remove(at: at)
      }
      sleeper?.continuation.resume()
    }
  }
}
