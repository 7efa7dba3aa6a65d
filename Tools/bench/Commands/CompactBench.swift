import ArgumentParser
import Delivery
import Foundation
import SegmentLog

/// What compaction costs and what it leaves: many messages, of which a few can't be delivered.
struct CompactBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Compaction: bytes left, bytes written again, and accepting beside it.",
    discussion: """
      Messages are accepted in batches of 16 and delivered a while later, all but every --stuck'th.
      Then nothing happens for at most a minute. "Left" are the segments of the log that are closed
      and the compacted ones; the active and the prepared segment, the reserve, the checkpoints and
      what the duplicate check remembers are listed apart. "Live" is what the stuck messages take as
      they were posted. "Written again" is what compaction wrote beside what the log itself did.
      Accepting is timed in windows of half a second, those with a compaction under way apart.
      """)

  @Option(help: "Messages.") var count = 1_000_000
  @Option(help: "Every so manieth message can't be delivered.") var stuck = 1_000
  @Option(help: "Delivered so many messages after they were accepted.") var lag = 200_000
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let log = scratch.path("log").path
    let store = try await openStore(log).store
    var load = CompactLoad(store: store, bytes: bytes, stuck: stuck)
    try await load.run(count: count, lag: lag)
    let end = nowNanoseconds()
    var seconds = 0.0
    var sizes = try LogSizes(log)
    let limit = 3.3 * Double(load.livePosted)
    repeat {
      try await Task.sleep(for: .milliseconds(500))
      seconds = Double(nowNanoseconds() - end) / 1e9
      sizes = try LogSizes(log)
    } while seconds < 60 && Double(sizes.left) > limit
    let metrics = store.metrics()
    print(
      """
      left \(sizes.left) bytes, \(fixed(Double(sizes.left) / Double(load.livePosted))) x the \
      \(load.livePosted) live ones (limit 3.30), \(fixed(seconds, 1)) s after the last delivery
      besides: active \(sizes.active), prepared and reserve \(sizes.prepared), checkpoints \
      \(sizes.checkpoints), remembered UUIDs \(sizes.remembered)
      logged \(metrics.loggedBytes), written again \(metrics.compactedBytes): amplification \
      \(fixed(1 + Double(metrics.compactedBytes) / Double(max(metrics.loggedBytes, 1)))) (limit 1.50)
      accepting: \(load.beside.values.count) windows with a compaction, median \(fixed(load.beside.median, 0)) \
      messages/s; \(load.without.values.count) without, \(fixed(load.without.median, 0)): ratio \
      \(fixed(load.beside.median / max(load.without.median, 1))) (limit 0.80)
      """)
    await store.close()
  }
}

/// Accepts and delivers.
private struct CompactLoad {
  let store: SegmentLogStore
  let bytes: Int
  let stuck: Int
  private(set) var livePosted = 0
  private(set) var beside = Series()
  private(set) var without = Series()
  private var samples = SampleMessages(seed: 31)
  /// Accepted and yet to be delivered, oldest first.
  private var waiting: [MessageRef] = []
  private var delivered = 0

  init(store: SegmentLogStore, bytes: Int, stuck: Int) {
    self.store = store
    self.bytes = bytes
    self.stuck = stuck
  }

  mutating func run(count: Int, lag: Int) async throws {
    var window = (start: nowNanoseconds(), count: 0, wasCompacting: store.metrics().isCompacting)
    for start in stride(from: 0, to: count, by: 256) {
      try await accept(start: start, count: min(256, count - start))
      window.count += 256
      if waiting.count - delivered > lag { try await deliver(256) }
      let now = nowNanoseconds()
      if now - window.start > 500_000_000 {
        let isCompacting = store.metrics().isCompacting
        let rate = Double(window.count) / (Double(now - window.start) / 1e9)
        // One that began or ended meanwhile belongs to neither.
        if isCompacting == window.wasCompacting {
          if isCompacting { beside.add(rate) } else { without.add(rate) }
        }
        window = (now, 0, isCompacting)
      }
    }
    while delivered < waiting.count { try await deliver(1024) }
  }

  /// Several batches at once, as several callers would.
  private mutating func accept(start: Int, count: Int) async throws {
    var batches: [[Message]] = []
    let url = "http://orders.internal:8080/hooks/orders"
    let origin = try Origin(url: url)
    for first in stride(from: 0, to: count, by: 16) {
      batches.append(
        (first..<min(first + 16, count)).map { offset in
          let body = samples.body(bytes: bytes)
          let uuid = samples.uuid()
          if (start + offset) % stuck == 0 {
            livePosted +=
              SampleMessages.envelope(uuid: uuid, url: url, body: body, delayMs: nil).utf8.count
          }
          return Message(
            uuid: uuid, url: url, origin: origin,
            headers: [HeaderField(name: "Content-Type", value: "application/json")],
            body: Array(body.utf8), timeoutMs: 10_000)
        })
    }
    let store = store
    let refs = try await withThrowingTaskGroup(of: (Int, [MessageRef]).self) { group in
      for (index, batch) in batches.enumerated() {
        group.addTask {
          let admissions = try await store.enqueue(batch)
          return (
            index, admissions.compactMap { if case .stored(let ref) = $0 { ref } else { nil } }
          )
        }
      }
      var all: [(Int, [MessageRef])] = []
      for try await one in group { all.append(one) }
      return all.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
    for (offset, ref) in refs.enumerated() where (start + offset) % stuck != 0 {
      waiting.append(ref)
    }
  }

  private mutating func deliver(_ count: Int) async throws {
    let end = min(delivered + count, waiting.count)
    let changes = waiting[delivered..<end].map { ref in
      Change.finish(
        ref, Ending(kind: .delivered, attempts: 1, result: AttemptNote(status: 200)))
    }
    delivered = end
    _ = try await store.record(changes, under: LaneGrant(lane: 0, epoch: 1), hurry: false)
  }
}

/// The files of a log by what they are, in bytes.
private struct LogSizes {
  var left = 0
  var active = 0
  var prepared = 0
  var checkpoints = 0
  var remembered = 0

  init(_ log: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: log)
    let last = names.filter { $0.hasPrefix("wal-") }.max()
    for name in names {
      // One may be unlinked meanwhile.
      guard
        let size = (try? FileManager.default.attributesOfItem(atPath: "\(log)/\(name)"))?[.size]
          as? Int
      else { continue }
      switch name {
      case last: active += size
      case _ where name.hasPrefix("wal-") || name.hasPrefix("cold-"): left += size
      case _ where name.hasPrefix("dedup-"): remembered += size
      case _ where name.hasPrefix("ckpt"): checkpoints += size
      default: prepared += size
      }
    }
  }
}
