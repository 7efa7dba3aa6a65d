import Glibc
import Synchronization

/// Keeps the background check from taking the disk from those who wait: it reads so many bytes in a
/// second, and gives way while readers have something to do. For the check's thread, which may block;
/// told to end from any other.
final class VerificationSpeed: CompactionPacer {
  /// When somebody could not read the file, bytes in a second.
  private static let urgent: UInt64 = 256 << 20
  /// After so many bytes it is looked whether somebody reads.
  private static let stepBytes: UInt64 = 256 << 10
  /// How long it gives way for each step at most: the check must come to its end, too.
  private static let yieldMax: UInt64 = 100_000_000
  private static let yieldStep: UInt64 = 5_000_000
  /// Sleeps are no shorter, and no longer than somebody who closes the log would wait.
  private static let sleepMin: UInt64 = 2_000_000
  private static let sleepMax: UInt64 = 50_000_000

  private struct State {
    var isCancelled = false
    var isUrgent = false
    var rate = VerificationSpeed.urgent
    var bytes: UInt64 = 0
    var lookedAt: UInt64 = 0
    var begunAt: UInt64 = 0
  }

  private let state = Mutex(State())
  private let isBusy: @Sendable () -> Bool

  /// - Parameter isBusy: somebody waits for what is read for deliveries.
  init(isBusy: @escaping @Sendable () -> Bool) { self.isBusy = isBusy }

  /// A job begins.
  func begin(_ job: VerificationJob) {
    state.withLock { state in
      state.isUrgent = job.isUrgent
      state.rate = job.isUrgent ? Self.urgent : max(job.bytesPerSecond, 1)
      (state.bytes, state.lookedAt) = (0, 0)
      state.begunAt = Monotonic.nanoseconds()
    }
  }

  /// The job that runs, and every one after it, ends at once.
  func cancel() { state.withLock { $0.isCancelled = true } }

  func passed(bytes: Int) -> Bool {
    let step: (due: UInt64, looks: Bool)? = state.withLock { state in
      guard !state.isCancelled else { return nil }
      state.bytes += UInt64(bytes)
      let looks = !state.isUrgent && state.bytes - state.lookedAt >= Self.stepBytes
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
