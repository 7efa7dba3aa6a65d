import Foundation
import Testing

@Suite("The schedule against a model store")
struct ScheduleSimulationTests {
  /// Repeat one with `SCHEDULE_SEED=<seed> swift test --filter ScheduleSimulationTests`.
  private static var seeds: [UInt64] {
    if let one = ProcessInfo.processInfo.environment["SCHEDULE_SEED"].flatMap({ UInt64($0) }) {
      return [one]
    }
    return Array(1...200)
  }

  @Test(
    "no message is lost, none is attempted twice at once, each when it is due and none after its limit of time"
  )
  func simulation() {
    var starts = 0
    var expiries = 0
    for seed in Self.seeds {
      var simulation = ScheduleSimulation(seed: seed)
      simulation.run(steps: 600)
      starts += simulation.starts
      expiries += simulation.expiries
      if let failure = simulation.failure {
        Issue.record(
          """
          seed \(seed): \(failure); repeat with \
          SCHEDULE_SEED=\(seed) swift test --filter ScheduleSimulationTests
          """)
        return
      }
    }
    #expect(starts > Self.seeds.count * 100)
    #expect(expiries > Self.seeds.count * 10)
  }
}
