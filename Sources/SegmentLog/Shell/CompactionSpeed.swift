import Glibc
import Synchronization

/// Keeps a compaction from taking the disk and the processor from those who wait: it may read and
/// write so many bytes in a second, and sleeps when it was faster. For the compaction's thread, which
/// may block; asked for its progress and told to end from any other.
final class CompactionSpeed: CompactionPacer {
  /// Bytes read and written in a second, in the background and by command.
  private static let background = 24 << 20
  private static let urgent = 256 << 20
  /// Sleeps are no shorter, and no longer than somebody who closes the log would wait.
  private static let sleepMin: UInt64 = 2_000_000
  private static let sleepMax: UInt64 = 50_000_000

  private struct State {
    var isCancelled = false
    var rate = CompactionSpeed.background
    /// Of the present job.
    var bytes: UInt64 = 0
    var expected: UInt64 = 0
    var begunAt: UInt64 = 0
  }

  private let state = Mutex(State())

  /// A job begins.
  func begin(_ job: CompactionJob) {
    state.withLock { state in
      state.rate = job.isUrgent ? Self.urgent : Self.background
      state.bytes = 0
      state.expected = job.bytes
      state.begunAt = Monotonic.nanoseconds()
    }
  }

  /// The job that runs, and every one after it, ends at once.
  func cancel() { state.withLock { $0.isCancelled = true } }

  /// Bytes read and written by the present job, and those of its inputs.
  var progress: (bytes: UInt64, expected: UInt64) {
    state.withLock { ($0.bytes, $0.expected) }
  }

  func passed(bytes: Int) -> Bool {
    let due: UInt64? = state.withLock { state in
      guard !state.isCancelled else { return nil }
      state.bytes += UInt64(bytes)
      return state.begunAt
        + UInt64(Double(state.bytes) / Double(state.rate) * 1_000_000_000)
    }
    guard let due else { return false }
    return sleep(until: due)
  }

  /// False when it was cancelled meanwhile.
  private func sleep(until due: UInt64) -> Bool {
    while true {
      let now = Monotonic.nanoseconds()
      guard due > now, due - now >= Self.sleepMin else { break }
      var time = timespec(tv_sec: 0, tv_nsec: Int(min(due - now, Self.sleepMax)))
      nanosleep(&time, nil)
      if state.withLock({ $0.isCancelled }) { return false }
    }
    return true
  }
}
