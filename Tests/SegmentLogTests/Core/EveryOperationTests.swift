import Glibc
import Testing

@testable import SegmentLog

/// One script of 200 operations, and something that goes wrong at every single call of the disk.
///
/// The script runs once; each fault begins from the last point before it at which the run could be
/// forked, and 20 operations follow on it.
@Suite("A script with a crash or an error at every disk operation")
struct EveryOperationTests {
  /// A script that rotates, writes checkpoints, compacts, drops and restarts.
  private static let seed: UInt64 = 25

  /// The points at which the run can be gone on from, in order.
  private static func makeForks() -> [LogRun] {
    var forks: [LogRun] = []
    var run = LogRun(script: seed)
    do {
      try run.runScript { run in if let fork = try run.fork() { forks.append(fork) } }
    } catch {
      Issue.record("the script by itself: \(error)")
    }
    forks.append(run)
    return forks
  }

  /// Goes on from the last fork before the `nth` of what is counted.
  private static func fork(
    _ forks: [LogRun], before nth: Int, _ count: (SimDisk) -> Int
  ) throws -> (LogRun, Int) {
    let fork = forks.last { count($0.disk) < nth } ?? forks[0]
    return (try #require(try fork.fork()), nth - count(fork.disk))
  }

  @Test("the script rotates, writes checkpoints, drops segments and starts again")
  func script() throws {
    let forks = Self.makeForks()
    let disk = forks[forks.count - 1].disk
    #expect(disk.calls(.rename) >= 25)
    let names = try disk.list()
    #expect((names.compactMap(FileNames.checkpointNumber).max() ?? 0) >= 12)
    let segments = names.compactMap(FileNames.segmentID)
    #expect(Int(segments.max() ?? 0) >= segments.count + 5)
    #expect((names.compactMap(FileNames.coldID).max() ?? 0) >= 4)
    #expect((names.compactMap(FileNames.dedupID).max() ?? 0) >= 4)
  }

  @Test(
    "a crash before every change",
    arguments: ["nothing", "everything", "random", "page cache"])
  func crash(kept: String) throws {
    let kinds: [String: SimDisk.Kept] = [
      "nothing": .nothing, "everything": .everything, "random": .random,
    ]
    let forks = Self.makeForks()
    let count = forks[forks.count - 1].disk.changes
    #expect(count > 280)
    for point in 1...count {
      var (run, distance) = try Self.fork(forks, before: point, \.changes)
      run.scriptKeeps = kinds[kept]
      run.mayMissTwins = true
      run.disk.stop(afterChanges: distance - 1)
      do { try run.runUntilAfterFault() } catch {
        Issue.record("\(kept) kept, crash at change \(point): \(error)")
      }
    }
  }

  private static let operations: [DiskError.Operation] = [
    .list, .open, .read, .write, .sync, .truncate, .rename, .unlink, .syncDirectory,
  ]

  @Test("an error at every call", arguments: operations)
  func error(operation: DiskError.Operation) throws {
    let forks = Self.makeForks()
    let count = forks[forks.count - 1].disk.calls(operation)
    var faults: [(Int32?, SimFault.Effect)] = [(EIO, .nothing)]
    // Reading changes nothing, so nothing is half done.
    if ![.list, .open, .read].contains(operation) { faults.append((EIO, .complete)) }
    if operation == .write { faults += [(ENOSPC, .partial(100)), (nil, .partial(100))] }
    for nth in 1...max(count, 1) {
      for (code, effect) in faults {
        // What was dirty may be lost or not after a failed sync.
        for kept in [SimDisk.Kept.nothing, nil] {
          var (run, distance) = try Self.fork(forks, before: nth) { $0.calls(operation) }
          run.scriptKeeps = kept
          run.mayMissTwins = [.open, .read, .unlink].contains(operation)
          run.disk.inject(SimFault(operation, nth: distance, code: code, effect: effect))
          do { try run.runUntilAfterFault() } catch {
            Issue.record("\(operation) \(nth), \(String(describing: code)) \(effect): \(error)")
          }
        }
      }
    }
  }
}
