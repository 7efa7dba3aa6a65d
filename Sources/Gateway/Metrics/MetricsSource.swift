import Delivery
import SegmentLog

/// Gathers what `/metrics` shows.
struct MetricsSource: Sendable {
  let services: ServiceSwitch
  let counters: GatewayCounters
  let budget: ReceiveBudget
  let version: String
  let clock: any Clock

  func text() async -> String {
    let reading = services.current
    var metrics = MetricsText()
    addProcess(to: &metrics, reading)
    addGateway(to: &metrics)
    guard let backend = reading.backend else { return metrics.text }
    // One reading for all five: only then does the sum close within a scrape.
    Self.addAccounting(to: &metrics, await backend.store.counts())
    Self.addDelivery(to: &metrics, backend.probe.deliveryCounters())
    await addOldest(to: &metrics, backend.store)
    if let log = backend.log { Self.addLog(to: &metrics, log.metrics()) }
    return metrics.text
  }

  private func addProcess(to metrics: inout MetricsText, _ reading: ServiceSwitch.Reading) {
    metrics.begin("dispatcher_build_info", .gauge, "The running version.")
    metrics.sample("dispatcher_build_info", 1, [("version", version)])
    metrics.begin("dispatcher_state", .gauge, "1 for the state the process is in.")
    let now = HealthRoutes.name(reading)
    for state in ["recovering", "serving", "drain-only", "draining"] {
      metrics.sample("dispatcher_state", state == now ? 1 : 0, [("state", state)])
    }
  }

  private func addGateway(to metrics: inout MetricsText) {
    metrics.begin("dispatcher_enqueue_total", .counter, "Answers to posted messages by status.")
    for answer in counters.enqueueAnswers() {
      metrics.sample("dispatcher_enqueue_total", answer.count, [("code", "\(answer.status)")])
    }
    metrics.single(
      "dispatcher_connections", .gauge, "Open connections on both listeners.",
      UInt64(max(0, counters.connections)))
    metrics.single(
      "dispatcher_receiving_bytes", .gauge,
      "Bytes of memory held by requests that are being received or wait for room.",
      UInt64(max(0, budget.bytes)))
  }

  /// accepted = delivered + dead + cancelled + pending.
  static func addAccounting(to metrics: inout MetricsText, _ counts: StoreCounts) {
    metrics.single(
      "dispatcher_accepted_total", .counter, "Messages made durable.", counts.accepted)
    metrics.single(
      "dispatcher_delivered_total", .counter, "Messages delivered.", counts.delivered)
    metrics.single(
      "dispatcher_cancelled_total", .counter, "Messages cancelled.", counts.cancelled)
    metrics.single("dispatcher_dead", .gauge, "Messages in the dead letters.", counts.dead)
    metrics.single("dispatcher_pending", .gauge, "Messages that have not ended.", counts.pending)
  }

  static func addDelivery(to metrics: inout MetricsText, _ counters: DeliveryCounters) {
    metrics.begin(
      "dispatcher_attempts_total", .counter, "Attempts that ended, by outcome and kind.")
    let attempts = counters.attempts.sorted {
      ($0.key.outcome, $0.key.kind) < ($1.key.outcome, $1.key.kind)
    }
    for (attempt, count) in attempts {
      metrics.sample(
        "dispatcher_attempts_total", count, [("outcome", attempt.outcome), ("kind", attempt.kind)])
    }
    metrics.begin(
      "dispatcher_own_shortage_total", .counter,
      "Attempts put back because this machine ran out of something, by what; no message is charged."
    )
    for kind in OwnShortage.allCases {
      metrics.sample(
        "dispatcher_own_shortage_total", counters.shortages[kind] ?? 0, [("kind", kind.rawValue)])
    }
    metrics.single(
      "dispatcher_inflight", .gauge, "Attempts being made.", UInt64(max(0, counters.inFlight)))
    metrics.single(
      "dispatcher_scheduled", .gauge, "Messages the schedule holds in memory.",
      UInt64(max(0, counters.scheduled)))
    metrics.single(
      "dispatcher_destinations", .gauge, "Destinations known.",
      UInt64(max(0, counters.destinations)))
    metrics.single(
      "dispatcher_destinations_broken", .gauge,
      "Destinations that failed five times in a row and have not worked since.",
      UInt64(max(0, counters.broken)))
    metrics.single(
      "dispatcher_refused_changes_total", .counter,
      "Outcomes of messages that had ended meanwhile.", counters.refusedChanges)
    metrics.single(
      "dispatcher_expired_total", .counter,
      "Messages that reached their limit of age while they waited.", counters.expired)
  }

  private func addOldest(to metrics: inout MetricsText, _ store: any MessageStore) async {
    // A store that can't say it is closing.
    guard let backlog = try? await store.backlog(of: nil) else { return }
    let nowMs = clock.wallMs()
    metrics.begin(
      "dispatcher_oldest_waiting_seconds", .gauge,
      "Age of the oldest message that has not ended; 0 when none waits.")
    metrics.sample(
      "dispatcher_oldest_waiting_seconds",
      seconds: backlog.oldestFromMs.map { Double(nowMs > $0 ? nowMs - $0 : 0) / 1000 } ?? 0)
  }

  static func addLog(to metrics: inout MetricsText, _ log: LogMetrics) {
    metrics.single("dispatcher_log_bytes", .gauge, "Bytes on disk.", log.bytesOnDisk)
    metrics.single("dispatcher_log_segments", .gauge, "Segments on disk.", log.segments)
    metrics.single("dispatcher_log_frames_total", .counter, "Frames written.", log.frames)
    metrics.single(
      "dispatcher_log_torn_tail_bytes", .gauge, "Bytes dropped from the tail at the start.",
      log.tornTailBytes)
    metrics.single(
      "dispatcher_log_damaged_frames", .gauge,
      "Damaged places that were found at the start or since and are not accepted.",
      log.damagedFrames)
    metrics.single(
      "dispatcher_log_unreadable_messages", .gauge,
      "Messages that have not ended and were found unreadable since the start.",
      log.unreadableMessages)
    addVerification(to: &metrics, log.verification)
    metrics.single(
      "dispatcher_log_checkpoint_failures", .gauge,
      "Tries in a row to write a checkpoint that failed; 0 when the last one was written.",
      log.failedCheckpoints)
    metrics.single(
      "dispatcher_log_sync_hanging_seconds", .gauge,
      "How long a sync is under way that takes 5 s or longer; 0 when none does.",
      log.hangingSync?.seconds ?? 0)
    addSpace(to: &metrics, log)
    metrics.single(
      "dispatcher_log_written_bytes_total", .counter, "Bytes of frames written.", log.loggedBytes)
    metrics.single(
      "dispatcher_log_compacted_bytes_total", .counter,
      "Bytes that compactions wrote in the background.", log.compactedBytes)
    metrics.single(
      "dispatcher_log_lost_messages", .gauge,
      "Messages lost to damage that was accepted; they are among the cancelled.", log.lostMessages)
    metrics.single(
      "dispatcher_waiting_messages", .gauge, "Messages that wait for the writer.",
      log.waitingMessages)
    metrics.single(
      "dispatcher_waiting_bytes", .gauge, "Bytes that wait for the writer.", log.waitingBytes)
    addSyncTimes(to: &metrics, log)
  }

  private static func addVerification(
    to metrics: inout MetricsText, _ verification: VerificationProgress
  ) {
    metrics.single(
      "dispatcher_log_verified_bytes_total", .counter,
      "Bytes of the log that the background check has read.", verification.bytes)
    metrics.single(
      "dispatcher_log_verify_rounds_total", .counter,
      "How often the background check has read all files.", verification.rounds)
    metrics.begin(
      "dispatcher_log_verified_timestamp_seconds", .gauge,
      "When all files had been read last, seconds since 1970; 0 = not since the start.")
    metrics.sample(
      "dispatcher_log_verified_timestamp_seconds",
      seconds: Double(verification.completedAtMs ?? 0) / 1000)
    metrics.single(
      "dispatcher_log_verify_files_left", .gauge,
      "Files that the round under way has yet to read; 0 between two.",
      verification.files - min(verification.done, verification.files))
  }

  private static func addSpace(to metrics: inout MetricsText, _ log: LogMetrics) {
    metrics.single(
      "dispatcher_disk_level", .gauge,
      "0: enough room; 1: new messages are refused (503); 2: half of the log's reserve is used.",
      UInt64(log.space.rawValue))
    metrics.single(
      "dispatcher_disk_free_bytes", .gauge,
      "Free bytes of the log's file system when it was last looked at.", log.freeBytes)
    metrics.single(
      "dispatcher_disk_mark_bytes", .gauge,
      "Free bytes below which new messages are refused, until twice as many are free.",
      log.markBytes)
    metrics.single(
      "dispatcher_log_reserve_bytes", .gauge,
      "Bytes kept for outcomes when the disk is full.", log.reserveBytes)
  }

  private static func addSyncTimes(to metrics: inout MetricsText, _ log: LogMetrics) {
    let name = "dispatcher_log_sync_seconds"
    metrics.begin(name, .histogram, "Time of one sync of the log.")
    var cumulative: UInt64 = 0
    for (index, boundMs) in LogMetrics.syncBucketsMs.enumerated() {
      if index < log.syncHistogram.count { cumulative &+= log.syncHistogram[index] }
      metrics.sample("\(name)_bucket", cumulative, [("le", "\(boundMs / 1000)")])
    }
    // The sum of the buckets, not `syncs`: within one scrape the two must agree.
    let total = log.syncHistogram.reduce(0, &+)
    metrics.sample("\(name)_bucket", total, [("le", "+Inf")])
    metrics.sample("\(name)_sum", seconds: Double(log.syncNanoseconds) / 1e9)
    metrics.sample("\(name)_count", total)
  }
}
