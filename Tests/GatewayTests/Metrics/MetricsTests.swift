import Delivery
import SegmentLog
import Testing

@testable import Gateway

@Suite("Metrics", .timeLimit(.minutes(5)))
struct MetricsTests {
  /// The samples of a scrape by name and labels.
  private func scrape(_ world: World) async throws -> [String: Double] {
    let answer = try #require(try await world.talk(get("/metrics"), admin: true).first)
    #expect(answer.status == 200)
    #expect(answer.field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
    #expect(answer.body.hasSuffix("\n"))
    var samples: [String: Double] = [:]
    var typed: Set<String> = []
    for line in answer.body.split(separator: "\n") {
      if line.hasPrefix("# TYPE ") {
        typed.insert(String(line.split(separator: " ")[2]))
        continue
      }
      if line.hasPrefix("#") { continue }
      let space = try #require(line.lastIndex(of: " "))
      let name = String(line[..<space])
      samples[name] = Double(line[line.index(after: space)...])
      let family = name.prefix { $0 != "{" }
      let isTyped = typed.contains { family == $0 || family.hasPrefix("\($0)_") }
      #expect(isTyped, "\(name) has no TYPE before it")
    }
    return samples
  }

  @Test("the accounting closes within a scrape")
  func accounting() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.counts = StoreCounts(accepted: 10, delivered: 4, dead: 3, cancelled: 2, pending: 1)
      }
      let samples = try await scrape(world)
      #expect(samples["dispatcher_accepted_total"] == 10)
      #expect(samples["dispatcher_delivered_total"] == 4)
      #expect(samples["dispatcher_dead"] == 3)
      #expect(samples["dispatcher_cancelled_total"] == 2)
      #expect(samples["dispatcher_pending"] == 1)
    }
  }

  @Test("attempts are counted by outcome and kind")
  func attempts() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.delivery.inFlight = 5
        $0.delivery.attempts = [
          AttemptClass(outcome: "delivered", kind: "2xx"): 7,
          AttemptClass(outcome: "retry", kind: "timeout"): 2,
        ]
      }
      let samples = try await scrape(world)
      #expect(samples["dispatcher_inflight"] == 5)
      #expect(samples[#"dispatcher_attempts_total{outcome="delivered",kind="2xx"}"#] == 7)
      #expect(samples[#"dispatcher_attempts_total{outcome="retry",kind="timeout"}"#] == 2)
    }
  }

  @Test("broken destinations and the age of the oldest waiting message are told")
  func broken() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.delivery.broken = 3 }
      var samples = try await scrape(world)
      #expect(samples["dispatcher_destinations_broken"] == 3)
      #expect(samples["dispatcher_oldest_waiting_seconds"] == 0)
      world.store.state.withLock { $0.backlog = Backlog(waiting: 1, oldestFromMs: 0) }
      samples = try await scrape(world)
      #expect((samples["dispatcher_oldest_waiting_seconds"] ?? 0) > 0)
    }
  }

  @Test("the times of syncs are a cumulative histogram in seconds")
  func syncs() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.log.syncs = 6
        $0.log.syncNanoseconds = 2_500_000_000
        $0.log.syncHistogram = [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1]
        $0.log.bytesOnDisk = 99
        $0.log.segments = 3
      }
      let samples = try await scrape(world)
      let name = "dispatcher_log_sync_seconds"
      #expect(samples["\(name)_bucket{le=\"0.0001\"}"] == 1)
      #expect(samples["\(name)_bucket{le=\"0.00025\"}"] == 3)
      #expect(samples["\(name)_bucket{le=\"0.25\"}"] == 3)
      #expect(samples["\(name)_bucket{le=\"1.0\"}"] == 5)
      #expect(samples["\(name)_bucket{le=\"+Inf\"}"] == 6)
      #expect(samples["\(name)_sum"] == 2.5)
      #expect(samples["\(name)_count"] == 6)
      #expect(samples["dispatcher_log_bytes"] == 99)
      #expect(samples["dispatcher_log_segments"] == 3)
    }
  }

  @Test("how much room the disk has, and what is done about it")
  func space() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.log.space = .low
        $0.log.freeBytes = 5
        $0.log.markBytes = 6
        $0.log.reserveBytes = 7
        $0.log.failedCheckpoints = 8
        $0.log.hangingSync = HangingSync(file: "wal-1", seconds: 9)
      }
      let samples = try await scrape(world)
      #expect(samples["dispatcher_disk_level"] == 1)
      #expect(samples["dispatcher_disk_free_bytes"] == 5)
      #expect(samples["dispatcher_disk_mark_bytes"] == 6)
      #expect(samples["dispatcher_log_reserve_bytes"] == 7)
      #expect(samples["dispatcher_log_checkpoint_failures"] == 8)
      #expect(samples["dispatcher_log_sync_hanging_seconds"] == 9)
    }
  }

  @Test("answers to posted messages are counted by status, also those refused by their head")
  func answers() async throws {
    try await World.run { world in
      _ = try await world.talk(
        post(envelope("m-1")) + post(envelope("m-1")) + post("no") + get("/healthz"), responses: 4)
      _ = try await world.talk(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n")
      var samples = try await scrape(world)
      // A connection is counted until the listener has seen that its client is gone.
      for _ in 0..<200 where samples["dispatcher_connections"] != 1 {
        samples = try await scrape(world)
      }
      #expect(samples[#"dispatcher_enqueue_total{code="202"}"#] == 2)
      #expect(samples[#"dispatcher_enqueue_total{code="400"}"#] == 1)
      #expect(samples[#"dispatcher_enqueue_total{code="413"}"#] == 1)
      #expect(samples["dispatcher_connections"] == 1)
    }
  }

  @Test("before recovery ends there are metrics of the process, none of the store")
  func recovering() async throws {
    try await World.run(state: nil) { world in
      let samples = try await scrape(world)
      #expect(samples[#"dispatcher_build_info{version="1.2.3"}"#] == 1)
      #expect(samples[#"dispatcher_state{state="recovering"}"#] == 1)
      #expect(samples[#"dispatcher_state{state="serving"}"#] == 0)
      #expect(samples["dispatcher_accepted_total"] == nil)
    }
  }

  @Test("labels are escaped")
  func escaping() {
    var metrics = MetricsText()
    metrics.sample("a", 1, [("b", "x\"y\\z\n")])
    #expect(metrics.text == "a{b=\"x\\\"y\\\\z\\n\"} 1\n")
  }
}
