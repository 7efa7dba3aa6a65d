@testable import SegmentLog

/// What a start makes of a store in which something is not as it was written. Every wrong is a
/// sentence; none is nil.
struct RotJudge {
  let world: RotWorld
  /// The files with these contents instead of their own.
  var changed: [String: [UInt8]]
  /// Nothing can be told from a log that ends where this one ends.
  var isSilentAllowed = false
  /// A single bit: one frame at most is lost.
  var isOneBit = false
  /// A second start has to find the same.
  var startsTwice = false

  func wrong() -> String? {
    let disk = world.disk.clone(seed: 1)
    for (name, bytes) in changed { disk.put(name, bytes) }
    let core: LogCore
    let report: RecoveryReport
    do throws(LogError) {
      (core, report) = try LogCore.open(disk: disk, options: world.options, nowMs: world.nowMs)
    } catch {
      // Refused, and by name.
      let text = error.description
      return changed.keys.contains { text.contains($0) } || text.contains(FileNames.identity)
        ? nil : "refused without a name: \(text)"
    }
    let found = RotWorld.truth(core, disk)
    return judge(found, core, report) ?? (startsTwice ? judgeSecond(found, report, disk) : nil)
  }

  private func judge(
    _ found: [Sequence: RotWorld.Truth], _ core: LogCore, _ report: RecoveryReport
  ) -> String? {
    let isReported =
      !report.damage.isEmpty || report.tornTailBytes > 0 || !report.notes.isEmpty
    let isSame = found == world.truth && core.totals == world.totals
    if !isReported && !isSame && !isSilentAllowed { return "silent: \(found), \(core.totals)" }
    for (sequence, truth) in world.truth {
      if let wrong = judge(sequence, truth, found[sequence]) { return wrong }
    }
    guard isOneBit else { return nil }
    let gone = world.truth.filter { $0.value.payload != nil && found[$0.key]?.payload == nil }
    let touched = world.frames.count { frame in gone.keys.contains(where: frame.contains) }
    return touched > 1 ? "lost \(gone.keys.sorted()): \(report.damage)" : nil
  }

  private func judge(
    _ sequence: Sequence, _ truth: RotWorld.Truth, _ found: RotWorld.Truth?
  ) -> String? {
    // Lost, and that was said.
    guard let found, let state = found.state else { return nil }
    // A lost record of an end lets a message come back, a lost one of a compaction how one ended that
    // was forgotten since. One that was pending never ends by itself.
    let isForgotten = truth.state == nil && state == RotWorld.ends[sequence]
    if state != truth.state && state != .pending && !isForgotten {
      return "message \(sequence) is \(state), not \(String(describing: truth.state))"
    }
    if let payload = found.payload, payload != "{\"number\":\(sequence)}" {
      return "message \(sequence) is \(payload)"
    }
    if found.payload == nil && (state == .pending || state == .dead) {
      return "message \(sequence) is live and stands nowhere"
    }
    return nil
  }

  private func judgeSecond(
    _ first: [Sequence: RotWorld.Truth], _ report: RecoveryReport, _ disk: SimDisk
  ) -> String? {
    disk.crash(keeping: .nothing)
    do throws(LogError) {
      let (core, again) = try LogCore.open(
        disk: disk, options: world.options, nowMs: world.nowMs)
      let found = RotWorld.truth(core, disk)
      if found != first { return "the second start finds \(found), not \(first)" }
      if Set(again.damage.map(\.file)) != Set(report.damage.map(\.file)) {
        return "the second start reports \(again.damage), not \(report.damage)"
      }
      return nil
    } catch {
      return "the second start fails: \(error)"
    }
  }
}
