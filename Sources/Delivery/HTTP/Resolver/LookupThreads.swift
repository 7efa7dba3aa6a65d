import DequeModule
import Dispatch
import SegmentLog
import Synchronization

/// Real threads for calls that block. A thread begins when work finds none idle, up to `count`, and
/// stays. The caller hands over at most `count` jobs at once, which bounds the queue.
package final class LookupThreads: Sendable {
  package typealias Job = @Sendable () -> Void
  /// Runs a job on a new thread; false when the system starts none.
  package typealias Start = @Sendable (@escaping Job) -> Bool

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
  private let start: Start
  private let shared = Shared()

  package init(count: Int, start: @escaping Start = LookupThreads.startThread) {
    self.count = count
    self.start = start
  }

  deinit { stop() }

  /// - Returns: false when the system starts no thread and there is none: the job is not run.
  package func run(_ job: @escaping Job) -> Bool {
    let isTaken = shared.state.withLock { state in
      guard !state.stopped else { return true }  // dropped, like everything that waits
      if state.jobs.count >= state.idle, state.started < count {
        // Within the lock, at most `count` times: who else comes must see how it ended.
        if start({ [shared] in shared.run() }) {
          state.started += 1
          state.idle += 1
        } else if state.started == 0 {
          return false
        }
      }
      state.jobs.append(job)
      return true
    }
    if isTaken { shared.work.signal() }
    return isTaken
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

  /// False when the system starts none.
  @Sendable package static func startThread(_ job: @escaping Job) -> Bool {
    do {
      try RealThread.start("dispatcher-dns", stackBytes: 512 << 10, job)
      return true
    } catch {
      return false
    }
  }
}
