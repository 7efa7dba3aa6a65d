import Glibc
import Testing

@testable import SegmentLog

/// One script of 60 operations, and something that goes wrong at every single call of the disk.
@Suite("A script with a crash or an error at every disk operation")
struct EveryOperationTests {
  /// A script that rotates, drops and restarts: 127 changes of the disk, 9 renames, a segment
  /// dropped.
  private static let seed: UInt64 = 151

  /// How often the script calls the disk when all goes well.
  private static func calls(_ count: (SimDisk) -> Int) throws -> Int {
    var run = LogRun(script: seed, keeping: .nothing)
    try run.runScript()
    return count(run.disk)
  }

  @Test(
    "a crash before every change",
    arguments: ["nothing", "everything", "random", "page cache"])
  func crash(kept: String) throws {
    let kinds: [String: SimDisk.Kept] = [
      "nothing": .nothing, "everything": .everything, "random": .random,
    ]
    let count = try Self.calls(\.changes)
    #expect(count > 100)
    for point in 0..<count {
      var run = LogRun(script: Self.seed, keeping: kinds[kept])
      run.mayMissTwins = true
      run.disk.stop(afterChanges: point)
      do { try run.runScript() } catch {
        Issue.record("\(kept) kept, crash after change \(point): \(error)")
      }
    }
  }

  private static let operations: [DiskError.Operation] = [
    .list, .open, .read, .write, .sync, .truncate, .rename, .unlink, .syncDirectory,
  ]

  @Test("an error at every call", arguments: operations)
  func error(operation: DiskError.Operation) throws {
    let count = try Self.calls { $0.calls(operation) }
    var faults: [(Int32?, SimFault.Effect)] = [(EIO, .nothing), (EIO, .complete)]
    if operation == .write { faults += [(ENOSPC, .partial(100)), (nil, .partial(100))] }
    for nth in 1...max(count, 1) {
      for (code, effect) in faults {
        // What was dirty may be lost or not after a failed sync.
        for kept in [SimDisk.Kept.nothing, nil] {
          var run = LogRun(script: Self.seed, keeping: kept)
          run.mayMissTwins = [.open, .read, .unlink].contains(operation)
          run.disk.inject(SimFault(operation, nth: nth, code: code, effect: effect))
          do { try run.runScript() } catch {
            Issue.record("\(operation) \(nth), \(String(describing: code)) \(effect): \(error)")
          }
        }
      }
    }
  }
}
