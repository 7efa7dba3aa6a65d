import Testing

@testable import SegmentLog

/// Something wrong at every place of a small store while a log runs on it. Memory knows what stood
/// there: what can't be read is said, and all else is delivered.
@Suite("Rot under a running log")
struct RunningRotTests {
  private static let parts = 0..<4

  @Test("every bit of every segment", arguments: RotWorld.Ending.allCases, parts)
  func bits(ending: RotWorld.Ending, part: Int) throws {
    let world = try #require(RotWorld.all[ending])
    for name in world.names where name.hasSuffix(".seg") {
      let bytes = world.contents(name)
      let first = Int(FormatLimits.firstFrameOffset)
      let end = (bytes.lastIndex { $0 != 0 } ?? first) + 9
      for byte in first..<min(end, bytes.count) where byte % Self.parts.count == part {
        var rotten = bytes
        rotten[byte] ^= 1 << UInt8(byte / 4 % 8)
        if let wrong = try wrong(world, name, rotten, framesMax: 1) {
          Issue.record("\(name), byte \(byte): \(wrong)")
        }
      }
    }
  }

  @Test(
    "every block of 512 bytes zeroed, or the file cut there", arguments: RotWorld.Ending.allCases)
  func blocks(ending: RotWorld.Ending) throws {
    let world = try #require(RotWorld.all[ending])
    for name in world.names where name.hasSuffix(".seg") {
      let bytes = world.contents(name)
      for block in stride(from: 0, to: bytes.count, by: 512) {
        var zeroed = bytes
        for index in block..<min(block + 512, bytes.count) { zeroed[index] = 0 }
        for rotten in [zeroed, Array(bytes[..<block])] {
          if let wrong = try wrong(world, name, rotten, framesMax: .max) {
            Issue.record("\(name), block \(block), \(rotten.count) bytes: \(wrong)")
          }
        }
      }
    }
  }

  private func wrong(
    _ world: RotWorld, _ name: String, _ rotten: [UInt8], framesMax: Int
  ) throws -> String? {
    let disk = world.disk.clone(seed: 1)
    let (core, _) = try LogCore.open(disk: disk, options: world.options, nowMs: world.nowMs)
    disk.put(name, rotten)
    let live = world.truth.filter { $0.value.payload != nil }.keys.sorted()
    let readable = read(live, core, disk)
    let news = verify(core, disk, nowMs: world.nowMs)
    for (sequence, truth) in world.truth {
      if core.state.state(of: sequence) != truth.state { return "message \(sequence) changed" }
      guard let payload = truth.payload else { continue }
      let record = TestLog.record(Int(sequence))
      guard let status = core.lookup(key: record.key, uuid: record.uuid) else {
        return "message \(sequence) is not known"
      }
      if status.state != truth.state { return "message \(sequence) is \(status.state)" }
      if let found = readable[sequence] {
        if found != payload { return "message \(sequence) is \(found)" }
        if status.isUnreadable { return "message \(sequence) can be read" }
      } else if !status.isUnreadable || !news.contains(where: { $0.file == name }) {
        return "message \(sequence) is gone, and that is not said: \(status), \(news)"
      }
    }
    let gone = live.filter { readable[$0] == nil }
    if world.frames.count(where: { gone.contains(where: $0.contains) }) > framesMax {
      return "lost \(gone)"
    }
    let waits = core.walkPlan(destination: nil, after: 0, limit: 100).entries
    if waits.contains(where: { gone.contains($0.location.sequence) }) {
      return "what can't be read is handed out again"
    }
    if core.readOnlyReason == nil, !gone.isEmpty { return "new messages are taken" }
    return nil
  }

  /// What can be read of these, by the same reader all the time.
  private func read(_ live: [Sequence], _ core: LogCore, _ disk: SimDisk) -> [Sequence: String] {
    let reader = LogReader(disk: disk)
    var readable: [Sequence: String] = [:]
    for (sequence, payload) in zip(live, reader.payloads(at: core.locate(live))) {
      readable[sequence] = payload.map { String(decoding: $0, as: UTF8.self) }
    }
    _ = reader.entries(of: core.walkPlan(destination: nil, after: 0, limit: 100))
    core.suspect(reader.takeSuspects(), nowMs: 0)
    return readable
  }

  private func verify(_ core: LogCore, _ disk: SimDisk, nowMs: UInt64) -> [Damage] {
    var found: [Damage] = []
    while let job = core.verificationWanted(nowMs: nowMs) {
      found +=
        core.verified(
          job.run(on: disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: nowMs
        ).damage
    }
    return found
  }
}
