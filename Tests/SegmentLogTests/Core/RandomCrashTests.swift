import Testing

@testable import SegmentLog

@Suite("Random operations with crashes and faults")
struct RandomCrashTests {
  private static let parts = 64
  private static let range = SeedRange.wanted(orFirst: 2_000)

  @Test("after every crash the log is what the model says", arguments: 0..<parts)
  func random(part: Int) {
    for seed in Self.range.share(part, of: Self.parts) {
      var run = LogRun(seed: seed)
      do { try run.run(steps: 50) } catch {
        Issue.record(
          "seed \(seed): \(error)\nDISPATCHER_SEED=\(seed) swift test --filter RandomCrashTests")
      }
    }
  }
}
