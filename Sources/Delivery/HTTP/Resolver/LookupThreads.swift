import DequeModule
import Dispatch
import Foundation
import Synchronization

/// Real threads for calls that block. A thread begins when work finds none idle, up to `count`, and
/// stays. The caller hands over at most `count` jobs at once, which bounds the queue.
package final class LookupThreads: Sendable {
  package typealias Job = @Sendable () -> Void

  private struct State {
    var jobs: Deque<Job> = []
    var idle = 0
    var started = 0
    var stopped = false
  }

  /// Apart from `LookupThreads`, so that a thread inside a call that hangs keeps only this alive.
  private final class Shared: Sendable {
    let state = Mutex(State())
    let work = DispatchSemaphore(value: 0)

    func run() {
      while true {
        work.wait()
        let job = state.withLock { state -> Job? in
          guard !state.stopped else { return nil }
          state.idle -= 1
          return state.jobs.popFirst()
        }
        guard let job else { return }
        job()
        state.withLock { $0.idle += 1 }
      }
    }
  }

  private let count: Int
  private let shared = Shared()

  package init(count: Int) { self.count = count }

  deinit { stop() }

  package func run(_ job: @escaping Job) {
    let begins = shared.state.withLock { state in
      guard !state.stopped else { return false }
      state.jobs.append(job)
      guard state.jobs.count > state.idle, state.started < count else { return false }
      state.started += 1
      state.idle += 1
      return true
    }
    if begins { begin() }
    shared.work.signal()
  }

  /// Idle threads end now, busy ones after what they are doing; what waits is dropped.
  package func stop() {
    let started = shared.state.withLock { state in
      state.stopped = true
      state.jobs.removeAll()
      return state.started
    }
    for _ in 0..<started { shared.work.signal() }
  }

  private func begin() {
    let thread = Thread { [shared] in shared.run() }
    thread.name = "dispatcher-lookup"
    thread.stackSize = 512 << 10
    thread.start()
  }
}
