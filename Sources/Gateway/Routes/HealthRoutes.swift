import Hummingbird
import SegmentLog

/// `/healthz`: the process lives (restarting it would help nobody). `/readyz`: send it messages.
struct HealthRoutes: Sendable {
  let services: ServiceSwitch

  func health() -> Response {
    let reading = services.current
    var json = JSONWriter()
    json.object { json in
      json.field("State", Self.name(reading))
      if let reason = Self.reason(reading) { json.field("Reason", reason) }
      if let log = reading.backend?.log?.metrics() { Self.write(log.verification, &json) }
    }
    return .json(json.bytes)
  }

  /// How far the background check of the log has come.
  private static func write(_ verification: VerificationProgress, _ json: inout JSONWriter) {
    if let completedAtMs = verification.completedAtMs {
      json.field("LogVerifiedAt", Timestamps.rfc3339(unixMs: completedAtMs))
    }
    if verification.files > 0 {
      json.field("LogVerifying", "\(verification.done) of \(verification.files) files")
    }
  }

  /// Why not everything is served, though the process is well.
  private static func reason(_ reading: ServiceSwitch.Reading) -> String? {
    if case .drainOnly(let reason) = reading.state { return reason }
    guard let log = reading.backend?.log?.metrics() else { return nil }
    var reasons: [String] = []
    if log.damagedFrames > 0 {
      let places = log.damagedFrames == 1 ? "1 place" : "\(log.damagedFrames) places"
      reasons.append(
        "the log is damaged in \(places), which GET /log names, and \(log.unreadableMessages) "
          + "waiting messages can't be read: see `dispatcher repair`")
    }
    if log.space > .enough {
      reasons.append(
        "the disk is nearly full: new messages are refused with 503, deliveries go on")
    }
    if let failure = log.checkpointFailure {
      reasons.append(
        "no checkpoint can be written, so that finished segments are not dropped: \(failure)")
    }
    if let sync = log.hangingSync {
      reasons.append(
        "the disk does not answer: a sync of \(sync.file) takes \(sync.seconds) s by now, and what "
          + "waits for it is not answered before it ends")
    }
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }

  func readiness() throws(Problem) -> Response {
    let reading = services.current
    if reading.leaving { throw EnqueueRules.draining }
    switch reading.state {
    case .serving: return health()
    case .recovering: throw EnqueueRules.recovering
    case .drainOnly(let reason): throw Problem(.logDamaged, reason, retryAfter: 60)
    case .draining: throw EnqueueRules.draining
    }
  }

  /// One word for people and metrics.
  static func name(_ reading: ServiceSwitch.Reading) -> String {
    if reading.leaving { return "draining" }
    return switch reading.state {
    case .recovering: "recovering"
    case .serving: "serving"
    case .drainOnly: "drain-only"
    case .draining: "draining"
    }
  }
}
