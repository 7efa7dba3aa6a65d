import ArgumentParser
import Foundation
import SegmentLog
import Synchronization

/// How long a checkpoint keeps commits waiting: commits with changes all over the log are timed one by
/// one, while checkpoints are written beside them and while none is.
struct CheckpointBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "Checkpoints: the longest commit while one is written, beside commits without.",
    discussion: """
      The log stands in memory (/dev/shm) where there is such a directory, so that the disk's syncs
      don't hide what is measured. Each commit takes 64 new messages and changes 256 old ones, picked
      at random: more pieces of the tables than any delivery touches. "CPU" is that of the writing
      thread alone, which another process on the machine can't lengthen; all columns behind the
      longest are of it.
      """)

  @Option(help: "Pending messages.") var count = 1_000_000
  @Option(help: "Checkpoints.") var rounds = 10
  @Option(help: "Where the log is written.") var directory: String?

  func run() throws {
    let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : nil
    let scratch = try Scratch(parent: directory ?? memory)
    let widths = [20, 12, 13, 11, 9, 9, 9, 9]
    print(
      row(
        ["", "MiB written", "begin ms CPU", "longest ms", "ms CPU", "median", "without", "median"],
        widths: widths)
    )
    for attempted in [false, true] {
      let log = try BenchLog(path: scratch.path(attempted ? "attempted" : "pending").path)
      try log.fill(count)
      if attempted { try log.attemptAll(count) }
      let result = try log.measure(rounds: rounds, retries: attempted)
      print(
        row(
          [
            "\(count) \(attempted ? "attempted" : "pending")", fixed(result.mebibytes),
            fixed(result.begin.maximum), fixed(result.wall.maximum), fixed(result.cpu.maximum),
            fixed(result.cpu.median), fixed(result.without.maximum), fixed(result.without.median),
          ], widths: widths))
    }
  }
}

private struct PauseResult {
  var begin = Series()
  var wall = Series()
  var cpu = Series()
  var without = Series()
  var mebibytes = 0.0
}

/// A core without its threads, driven by one.
private final class BenchLog {
  private let disk: FileDisk
  private let core: LogCore
  private var sequence: UInt64 = 0
  private var random = SystemRandomNumberGenerator()
  private var nowMs: UInt64 = 1_700_000_000_000

  init(path: String) throws {
    disk = try FileDisk(path: path, access: .readWrite)
    (core, _) = try LogCore.open(
      disk: disk,
      options: LogOptions(newStore: StoreUUID(high: 1, low: 2), saltSeed: 3), nowMs: nowMs)
  }

  private func record() -> NewRecord {
    sequence += 1
    return NewRecord(
      uuid: Array("message-\(sequence)".utf8),
      key: UUIDKey(high: random.next(), low: random.next()), contentHash: sequence,
      destination: "http://127.0.0.1:\(9000 + sequence % 16)",
      payload: Array("{\"number\":\(sequence),\"text\":\"as short as can be\"}".utf8))
  }

  private func commit() throws {
    guard case .durable = try core.commit(nowMs: nowMs) else {
      throw BenchError(description: "no space")
    }
  }

  private func upkeep() {
    if let job = core.preparationWanted(nowMs: nowMs) {
      core.prepared(job.run(on: disk), nowMs: nowMs)
    }
  }

  func fill(_ count: Int) throws {
    for _ in stride(from: 0, to: count, by: 512) {
      _ = core.stage((0..<512).map { _ in record() }, nowMs: nowMs)
      try commit()
      upkeep()
    }
  }

  func attemptAll(_ count: Int) throws {
    for start in stride(from: 1, through: count, by: 1024) {
      _ = core.stage(
        (start..<min(start + 1024, count + 1)).map { number in
          .attempt(
            AttemptRecord(sequence: UInt64(number), count: 1, delayMs: 60_000, status: 503))
        })
      try commit()
      upkeep()
    }
  }

  /// One commit; milliseconds by the clock, and of this thread's CPU.
  private func timedCommit(retries: Bool) throws -> (wall: Double, cpu: Double) {
    let batch = (0..<64).map { _ in record() }
    let changes: [StateChange] = (0..<256).map { _ in
      let sequence = UInt64.random(in: 1...self.sequence - 64, using: &random)
      if retries {
        return .attempt(
          AttemptRecord(sequence: sequence, count: 2, delayMs: 60_000, status: 503))
      }
      return .outcome(
        OutcomeRecord(sequence: sequence, kind: .delivered, attempts: 1, status: 200))
    }
    let (wall, cpu) = (nowNanoseconds(), threadNanoseconds())
    _ = core.stage(batch, nowMs: nowMs)
    _ = core.stage(changes)
    try commit()
    let result = (
      Double(nowNanoseconds() - wall) / 1e6, Double(threadNanoseconds() - cpu) / 1e6
    )
    upkeep()
    return result
  }

  func measure(rounds: Int, retries: Bool) throws -> PauseResult {
    var result = PauseResult()
    for _ in 0..<200 { result.without.add(try timedCommit(retries: retries).cpu) }
    for _ in 0..<rounds {
      nowMs += 600_000
      let start = threadNanoseconds()
      guard let job = core.checkpointWanted(nowMs: nowMs) else {
        throw BenchError(description: "no checkpoint is due")
      }
      result.begin.add(Double(threadNanoseconds() - start) / 1e6)
      let done = Done()
      let disk = disk
      Thread.detachNewThread { done.set(job.run(on: disk)) }
      repeat {
        let (wall, cpu) = try timedCommit(retries: retries)
        result.wall.add(wall)
        result.cpu.add(cpu)
      } while done.value == nil
      try core.checkpointed(done.value!, nowMs: nowMs)
    }
    let names = try disk.list().filter { $0.hasPrefix("ckpt-") }.sorted()
    if let name = names.last {
      result.mebibytes = Double(try disk.open(name, .readOnly).size()) / 1_048_576
    }
    return result
  }
}

/// A result that another thread brings.
private final class Done: Sendable {
  private let result = Mutex<CheckpointResult?>(nil)
  var value: CheckpointResult? { result.withLock { $0 } }
  func set(_ new: CheckpointResult) { result.withLock { $0 = new } }
}

/// CPU of the calling thread.
private func threadNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
