import Delivery

/// Who may post a message when, and what is said to those who may not.
enum EnqueueRules {
  /// The store that takes messages now.
  static func store(
    _ reading: ServiceSwitch.Reading, begunBeforeDrain: Bool
  ) throws(Problem) -> any MessageStore {
    switch reading.state {
    case .serving: break
    case .draining where begunBeforeDrain: break
    case .draining: throw draining
    case .recovering: throw recovering
    case .drainOnly(let reason): throw Problem(.logDamaged, reason, retryAfter: 60)
    }
    guard let backend = reading.backend else { throw recovering }
    return backend.store
  }

  static func checkContentType(_ head: RequestHead) throws(Problem) {
    guard head.contentType == .other else { return }
    let given = head.values(of: "content-type").first ?? ""
    throw Problem(
      .unsupportedMediaType, "Messages are posted as application/json in UTF-8, not as \(given).")
  }

  static let recovering = Problem(
    .recovering, "The log is being read after the start; try again in a second.", retryAfter: 1)
  static let draining = Problem(
    .draining, "This instance is shutting down; connect again.", retryAfter: 1)

  /// Orchestrators ask these at any time.
  static func isProbe(_ path: String) -> Bool { path == "/healthz" || path == "/readyz" }

  static func conflict(uuid: String) -> Problem {
    Problem(
      .uuidConflict,
      "The UUID \(uuid) stands for a message with other content; nothing was stored.")
  }

  static func problem(_ error: StoreError) -> Problem {
    switch error {
    case .full(let retryAfter):
      Problem(
        .overloaded, "Too many messages wait to be stored.", retryAfter: seconds(retryAfter))
    case .diskFull(let retryAfter):
      Problem(
        .diskFull, "The disk has no room for new messages.", retryAfter: seconds(retryAfter))
    case .readOnly(let reason):
      Problem(.logDamaged, reason, retryAfter: 60)
    case .unavailable(let reason):
      Problem(.unavailable, "The store takes no requests now: \(reason).", retryAfter: 1)
    case .outcomeUnknown:
      Problem(
        .outcomeUnknown,
        "It is not known whether the message was stored: repeat it with the same UUID.",
        retryAfter: 1)
    }
  }

  /// Whole seconds, rounded up, at least one.
  private static func seconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return max(1, Int(clamping: seconds) + (attoseconds > 0 ? 1 : 0))
  }
}
