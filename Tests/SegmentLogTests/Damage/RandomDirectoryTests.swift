import Testing

@testable import SegmentLog

/// Random things happen to the files of random logs. `DISPATCHER_DIRECTORIES` says how many, as
/// `DISPATCHER_SEEDS` does for the random crash test.
@Suite("Directories that rot")
struct RandomDirectoryTests {
  private static let parts = 64
  private static let range = SeedRange.wanted(.directories, orFirst: 500)
  private static let perWorld = 10

  @Test("nothing traps, nothing is lost in silence, nothing else is lost", arguments: 0..<parts)
  func random(part: Int) throws {
    var worlds: [UInt64: DirectoryWorld] = [:]
    for seed in Self.range.share(part, of: Self.parts) {
      var random = SplitMix64(seed: seed &* 0x9e37_79b9)
      let parts = UInt64(Self.parts)
      let base = seed / (parts * UInt64(Self.perWorld)) * parts + seed % parts
      for number in [base, base + 1_000_000] where worlds[number] == nil {
        if worlds.count > 8 { worlds = [:] }
        worlds[number] = try? DirectoryWorld(seed: number + 1, steps: 40)
      }
      guard let world = worlds[base], let stranger = worlds[base + 1_000_000] else { continue }
      let disk = world.disk.clone(seed: seed)
      let mutation = DirectoryMutation(world, stranger: stranger, on: disk, random: &random)
      // A trap leaves nothing else to go by.
      if Self.range.isSingle { print("directory \(seed): \(mutation)") }
      if let wrong = try DirectoryJudge(world: world, mutation: mutation).wrong(on: disk) {
        Issue.record(
          "directory \(seed), \(mutation): \(wrong)\nDISPATCHER_DIRECTORY=\(seed) swift test --filter RandomDirectoryTests"
        )
      }
    }
  }
}
