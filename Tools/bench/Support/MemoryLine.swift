import ArgumentParser
import Delivery
import SegmentLog

/// A line of the table of what memory may be taken by what.
enum MemoryLine: String, CaseIterable, ExpressibleByArgument {
  case cold, coldSixteen, pair, index, attempt, destination, window

  var title: String {
    switch self {
    case .cold: "cold pending message, one destination"
    case .coldSixteen: "cold pending message, sixteen destinations"
    case .pair: "(segment, destination) pair"
    case .index: "message in the UUID index (worst of 12 sizes)"
    case .attempt: "attempted or dead message"
    case .destination: "destination, in engine and schedule"
    case .window: "scheduled window (limit in entries)"
    }
  }

  var limit: Double? {
    switch self {
    case .cold, .coldSixteen: 1
    case .pair: 16
    case .index: 16
    case .attempt: 32
    case .destination: 512
    case .window: 1_000_000
    }
  }

  /// The limit is one of entries, not of bytes.
  var isCount: Bool { self == .window }

  var counts: [Int] {
    switch self {
    case .cold, .coldSixteen: [10_000_000]
    case .pair, .attempt: [1_000_000]
    // A table that grows costs most right after it grew.
    case .index: [1_000_000, 10_000_000] + (1...10).map { 2_000_000 + $0 * 50_000 }
    case .destination: [100_000, 140_000]
    case .window: [2_000_000]
    }
  }

  /// - Returns: what was filled, and with how many entries.
  func fill(_ count: Int) -> (Any, Int) {
    switch self {
    case .cold: (MemorySample.coldMessages(count, destinations: 1), count)
    case .coldSixteen: (MemorySample.coldMessages(count, destinations: 16), count)
    case .pair: (MemorySample.pairs(count), count)
    case .index: (MemorySample.uuidIndex(count, seed: 5), count)
    case .attempt: (MemorySample.attempts(count), count)
    case .destination: (Self.destinations(count), count)
    case .window: Self.window(count)
    }
  }

  private static let grant = LaneGrant(lane: 0, epoch: 1)
  private static let now = Moment(monotonic: .zero, wallMs: 1_790_000_000_000)

  /// Each with one message that is due too late to be held.
  private static func destinations(_ count: Int) -> (MemorySample, Scheduler) {
    let origins = (0..<count).map { "http://host-\($0).example:8080" }
    var scheduler = Scheduler()
    scheduler.handle(.granted(grant), at: now)
    for (number, origin) in origins.enumerated() {
      let entry = PendingEntry(
        ref: MessageRef(lane: 0, number: UInt64(number + 1)),
        origin: Origin(normalised: origin), ageFromMs: now.wallMs,
        due: .after(milliseconds: 3_600_000))
      scheduler.handle(.arrived(grant, [entry]), at: now)
    }
    _ = scheduler.plan(at: now)
    return (MemorySample.destinations(origins), scheduler)
  }

  /// Twice as many as fit, for so many destinations that each of them gets its full share.
  private static func window(_ count: Int) -> (Scheduler, Int) {
    let origins = (0..<256).map { Origin(normalised: "http://host-\($0).example:8080") }
    var scheduler = Scheduler()
    scheduler.handle(.granted(grant), at: now)
    for start in stride(from: 0, to: count, by: 1024) {
      let entries = (start..<min(start + 1024, count)).map { number in
        PendingEntry(
          ref: MessageRef(lane: 0, number: UInt64(number + 1)),
          origin: origins[number % origins.count], ageFromMs: now.wallMs,
          due: .after(milliseconds: 60_000))
      }
      scheduler.handle(.arrived(grant, entries), at: now)
    }
    return (scheduler, scheduler.scheduledCount)
  }
}
