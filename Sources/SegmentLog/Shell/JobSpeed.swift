import Glibc
import Synchronization

/// Keeps a job in the background from taking the disk and the processor from those who wait: it may
/// read and write so many bytes in a second, sleeps when it was faster, and may give way to others
/// besides. For the job's thread, which may block; asked for its progress and told to end from any
/// other.
final class JobSpeed: CompactionPacer {
  /// Bytes in a second of a job in the background, and of one that somebody waits for.
  static let background: UInt64 = 24 << 20
  static let urgent: UInt64 = 256 << 20
  /// After so many bytes it is looked whether somebody else has something to do.
  private static let stepBytes: UInt64 = 256 << 10
  /// How long it gives way for each step at most: the job must come to its end, too.
  private static let yieldMax: UInt64 = 100_000_000
  private static let yieldStep: UInt64 = 5_000_000
  /// Sleeps are no shorter, and no longer than somebody who closes the log would wait.
  private static let sleepMin: UInt64 = 2_000_000
  private static let sleepMax: UInt64 = 50_000_000

  private struct State {
    var isCancelled = false
    var givesWay = false
    var rate = JobSpeed.background
    /// Of the present job.
    var bytes: UInt64 = 0
    var expected: UInt64 = 0
    var lookedAt: UInt64 = 0
    var begunAt: UInt64 = 0
  }

  private let state = Mutex(State())
  private let isBusy: @Sendable () -> Bool

  /// - Parameter isBusy: somebody to whom jobs give way has something to do.
  init(isBusy: @escaping @Sendable () -> Bool = { false }) { self.isBusy = isBusy }

  /// A job begins.
  /// - Parameters:
  ///   - rate: bytes in a second.
  ///   - expected: what it will read and write, as far as that is known.
  func begin(rate: UInt64, expected: UInt64 = 0, givesWay: Bool = false) {
    state.withLock { state in
      state.rate = max(rate, 1)
      state.givesWay = givesWay
      (state.bytes, state.lookedAt, state.expected) = (0, 0, expected)
      state.begunAt = Monotonic.nanoseconds()
    }
  }

  /// The job that runs, and every one after it, ends at once.
  func cancel() { state.withLock { $0.isCancelled = true } }

  /// Bytes read and written by the present job, and those that are expected.
  var progress: (bytes: UInt64, expected: UInt64) {
    state.withLock { ($0.bytes, $0.expected) }
  }

  func passed(bytes: Int) -> Bool {
    let step: (due: UInt64, looks: Bool)? = state.withLock { state in
      guard !state.isCancelled else { return nil }
      state.bytes += UInt64(bytes)
      let looks = state.givesWay && state.bytes - state.lookedAt >= Self.stepBytes
      if looks { state.lookedAt = state.bytes }
      let due =
        state.begunAt + UInt64(Double(state.bytes) / Double(state.rate) * 1_000_000_000)
      return (due, looks)
    }
    guard let step else { return false }
    if step.looks { giveWay() }
    return sleep(until: step.due)
  }

  private func giveWay() {
    var waited: UInt64 = 0
    while waited < Self.yieldMax, isBusy(), !state.withLock({ $0.isCancelled }) {
      Self.sleep(Self.yieldStep)
      waited += Self.yieldStep
    }
  }

  /// False when it was cancelled meanwhile.
  private func sleep(until due: UInt64) -> Bool {
    while true {
      let now = Monotonic.nanoseconds()
      guard due > now, due - now >= Self.sleepMin else { break }
      Self.sleep(min(due - now, Self.sleepMax))
      if state.withLock({ $0.isCancelled }) { return false }
    }
    return true
  }

  private static func sleep(_ nanoseconds: UInt64) {
    var time = timespec(tv_sec: 0, tv_nsec: Int(nanoseconds))
    nanosleep(&time, nil)
  }
}
