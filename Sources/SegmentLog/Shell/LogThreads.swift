import Dispatch
import Synchronization

/// What the writer shares with the rest of the running log.
final class LogThreads: Sendable {
  let inbox: WriterInbox
  let observer: RunningLog.Observer
  let clock: LogClock
  /// By how much the wall clock was ahead when that was written down; nil: it never was.
  private let keptOffsetMs = Mutex<Int64?>(nil)
  let reader: JobThread<LogReader>
  private let preparing: JobThread<Void>
  /// A large checkpoint must not keep the next segment waiting.
  private let checkpointing: JobThread<Void>
  private let compacting: JobThread<Void>
  private let verifying: JobThread<Void>
  /// Of the compaction that is under way.
  let pacer = JobSpeed()
  /// Of the file that is being verified.
  let verifier: JobSpeed
  private let directory: LogDirectory
  private let disk: TimedDisk
  private let numbers = Mutex(LogNumbers())
  private let end = Mutex(End())

  /// Those who wait for the writer to have ended.
  private struct End {
    var hasEnded = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  /// Jobs of the reader that may wait; each is bounded by its asker.
  private static let readerJobs = 4_096

  /// A wall clock that is set by less is what a time service corrects all day.
  private static let noticeableMs: Int64 = 10_000

  /// Writes the log's time down when the wall clock was set since. On the writer's thread. What can't
  /// be written is no reason to stop: a start can do without.
  func keepClock(always: Bool = false) {
    let offsetMs = clock.offsetMs()
    let isKept = keptOffsetMs.withLock { kept in
      kept.map { abs($0.subtractingReportingOverflow(offsetMs).partialValue) < Self.noticeableMs }
        ?? false
    }
    guard always || !isKept else { return }
    try? clock.record().write(to: disk)
    keptOffsetMs.withLock { $0 = offsetMs }
  }

  init(
    directory: LogDirectory, disk: TimedDisk, limits: WriteQueue.Limits,
    observer: RunningLog.Observer, clock: LogClock
  ) throws(ThreadError) {
    self.directory = directory
    self.disk = disk
    self.observer = observer
    self.clock = clock
    inbox = WriterInbox(limits: limits)
    let raw = directory.disk
    let reader = try JobThread("log-reader", limit: Self.readerJobs) { LogReader(disk: raw) }
    self.reader = reader
    verifier = JobSpeed { reader.isBusy }
    do throws(ThreadError) {
      preparing = try JobThread("log-prepare", limit: 1) {}
    } catch {
      reader.stop {}
      throw error
    }
    do throws(ThreadError) {
      checkpointing = try JobThread("log-checkpoint", limit: 1) {}
    } catch {
      reader.stop {}
      preparing.stop {}
      throw error
    }
    do throws(ThreadError) {
      compacting = try JobThread("log-compact", limit: 1) {}
    } catch {
      reader.stop {}
      preparing.stop {}
      checkpointing.stop {}
      throw error
    }
    do throws(ThreadError) {
      verifying = try JobThread("log-verify", limit: 1) {}
    } catch {
      reader.stop {}
      preparing.stop {}
      checkpointing.stop {}
      compacting.stop {}
      throw error
    }
  }

  /// The core asks for one at a time.
  func prepare(_ job: PreparationJob) {
    let taken = preparing.submit { [inbox, disk] _ in inbox.prepared(job.run(on: disk)) }
    precondition(taken, "one segment is prepared at a time, and not after the end")
  }

  /// The core asks for one at a time.
  func checkpoint(_ job: CheckpointJob) {
    let taken = checkpointing.submit { [inbox, disk] _ in inbox.checkpointed(job.run(on: disk)) }
    precondition(taken, "one checkpoint is written at a time, and not after the end")
  }

  /// The core asks for one at a time.
  func compact(_ job: CompactionJob) {
    let speed = pacer
    let taken = compacting.submit { [inbox, disk] _ in
      speed.begin(
        rate: job.isUrgent ? JobSpeed.urgent : JobSpeed.background, expected: job.bytes)
      inbox.compacted(job.run(on: disk, pacer: speed))
    }
    precondition(taken, "one compaction runs at a time, and not after the end")
  }

  /// The core asks for one at a time.
  func verify(_ job: VerificationJob) {
    let (speed, raw) = (verifier, directory.disk)
    let taken = verifying.submit { [inbox] _ in
      speed.begin(
        rate: job.isUrgent ? JobSpeed.urgent : job.bytesPerSecond, givesWay: !job.isUrgent)
      inbox.verified(job.run(on: raw, pacer: speed), isUrgent: job.isUrgent)
    }
    precondition(taken, "one file is verified at a time, and not after the end")
  }

  /// The reader closes the files of dropped segments, so that their space comes back. False when it
  /// is too busy to be told.
  func letGo(_ files: [String]) -> Bool { reader.submit { $0.release(files) } }

  func publish(_ new: LogNumbers) { numbers.withLock { $0 = new } }

  var currentNumbers: LogNumbers { numbers.withLock { $0 } }
  var syncTimes: SyncTimes { disk.syncTimes }
  var hangingSync: HangingSync? { disk.hangingSync() }

  /// Waits for jobs that are under way: they must not write after the lock was given free.
  func stopMaintenance() {
    wait { preparing.stop($0) }
    wait { checkpointing.stop($0) }
    pacer.cancel()
    wait { compacting.stop($0) }
    verifier.cancel()
    wait { verifying.stop($0) }
  }

  /// The writer's last act, or that of an open that failed.
  func ended() {
    wait { reader.stop($0) }
    directory.unlock()
    let waiting = end.withLock { end in
      end.hasEnded = true
      return end.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func untilEnded() async {
    await withCheckedContinuation { continuation in
      let hasEnded = end.withLock { end in
        if !end.hasEnded { end.waiting.append(continuation) }
        return end.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  /// On the writer's thread only, which may block.
  private func wait(_ stop: (@escaping @Sendable () -> Void) -> Void) {
    let done = DispatchSemaphore(value: 0)
    stop { done.signal() }
    done.wait()
  }
}
