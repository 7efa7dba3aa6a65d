import Glibc
import Testing

@testable import SegmentLog

@Suite("Random operations with crashes and faults")
struct RandomCrashTests {
  private static let parts = 20
  private static let seedsPerPart: UInt64 = 100

  @Test("after every crash the log is what the model says", arguments: 0..<parts)
  func random(part: Int) {
    if let given = getenv("DISPATCHER_SEED"), let seed = UInt64(String(cString: given)) {
      if part == 0 { run(seed) }
      return
    }
    let first = UInt64(part) * Self.seedsPerPart + 1
    for seed in first..<first + Self.seedsPerPart { run(seed) }
  }

  private func run(_ seed: UInt64) {
    var run = LogRun(seed: seed)
    do { try run.run(steps: 50) } catch {
      Issue.record(
        "seed \(seed): \(error)\nDISPATCHER_SEED=\(seed) swift test --filter RandomCrashTests")
    }
  }
}
