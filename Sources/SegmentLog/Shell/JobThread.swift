import Dispatch
import Synchronization

/// A thread with a bounded queue of jobs and a context that only these jobs see.
///
/// A real thread because its jobs read and write files; a `Mutex` around the queue because it is
/// held for an append or a swap only.
final class JobThread<Context>: Sendable {
  typealias Job = @Sendable (inout Context) -> Void

  private struct Queue {
    var jobs: [Job] = []
    var isSleeping = false
    /// Of those that were taken, some are yet to be done.
    var isWorking = false
    var isStopped = false
    var whenStopped: (@Sendable () -> Void)?

    /// Whether the thread sleeps and must be signalled.
    mutating func wakeUp() -> Bool {
      defer { isSleeping = false }
      return isSleeping
    }
  }

  private let limit: Int
  private let queue = Mutex(Queue())
  private let wake = DispatchSemaphore(value: 0)

  /// At most `limit` jobs wait; `makeContext` runs on the thread.
  init(
    _ name: String, limit: Int, makeContext: @escaping @Sendable () -> Context
  ) throws(ThreadError) {
    self.limit = limit
    try RealThread.start(name) { [self] in run(makeContext()) }
  }

  /// False when the queue is full or the thread was stopped: the job will not run.
  func submit(_ job: @escaping Job) -> Bool {
    let (taken, mustWake) = queue.withLock { queue in
      guard !queue.isStopped, queue.jobs.count < limit else { return (false, false) }
      queue.jobs.append(job)
      return (true, queue.wakeUp())
    }
    if mustWake { wake.signal() }
    return taken
  }

  /// Something is being done, or waits.
  var isBusy: Bool { queue.withLock { $0.isWorking || !$0.jobs.isEmpty } }

  /// Takes no more jobs; `done` runs on the thread after the last one. To be called once.
  func stop(_ done: @escaping @Sendable () -> Void) {
    let mustWake = queue.withLock { queue in
      queue.isStopped = true
      queue.whenStopped = done
      return queue.wakeUp()
    }
    if mustWake { wake.signal() }
  }

  private func run(_ initial: Context) {
    var context = initial
    while true {
      let (jobs, whenStopped) = queue.withLock { queue in
        let jobs = queue.jobs
        queue.jobs = []
        queue.isSleeping = jobs.isEmpty && !queue.isStopped
        queue.isWorking = !jobs.isEmpty
        return (jobs, queue.isStopped ? queue.whenStopped : nil)
      }
      for job in jobs { job(&context) }
      if let whenStopped { return whenStopped() }
      if jobs.isEmpty { wake.wait() }
    }
  }
}
