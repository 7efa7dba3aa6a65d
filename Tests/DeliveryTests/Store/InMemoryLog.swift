import Delivery
import Synchronization

/// What an `InMemoryStore` keeps over a restart: hand the same log to the next store.
final class InMemoryLog: Sendable {
  struct Entry {
    enum State { case pending, dead, delivered, cancelled }
    let ref: MessageRef
    let message: Message
    let acceptedAtMs: UInt64
    var state = State.pending
    var attempts: UInt32 = 0
    var lastStatus: UInt16 = 0
    var lastError = ""
    /// Set by a retry: when it was recorded, and how long to wait from then.
    var retry: (recordedAtMs: UInt64, delayMs: UInt32)?
  }

  struct Contents {
    /// The message with number n stands at n − 1.
    var entries: [Entry] = []
    /// The newest message of each UUID.
    var newest: [String: Int] = [:]
  }

  let contents = Mutex(Contents())
}

extension InMemoryLog.Entry {
  /// Start of the age: accepted or not-before, whichever is later.
  var ageFromMs: UInt64 {
    switch message.start {
    case .atOnce: acceptedAtMs
    case .delay(let milliseconds): acceptedAtMs + milliseconds
    case .notBefore(let unixMs): max(acceptedAtMs, unixMs)
    }
  }

  func pendingEntry(nowMs: UInt64) -> PendingEntry {
    PendingEntry(
      ref: ref, origin: message.origin, ageFromMs: ageFromMs, acceptedAtMs: acceptedAtMs,
      attempts: attempts,
      lastStatus: lastStatus, due: due(nowMs: nowMs), maxAttempts: message.limits.maxAttempts,
      maxAgeMs: message.limits.maxAgeMs)
  }

  func status(nowMs: UInt64) -> MessageStatus {
    let (state, nextAttemptAtMs) = stateAndNextAttempt(nowMs: nowMs)
    return MessageStatus(
      ref: ref, uuid: message.uuid, state: state, url: message.url, method: message.method,
      attempts: attempts, lastStatus: lastStatus, lastError: lastError,
      nextAttemptAtMs: nextAttemptAtMs, acceptedAtMs: acceptedAtMs)
  }

  private func due(nowMs: UInt64) -> PendingEntry.Due {
    if let retry { return Self.due(sinceMs: retry.recordedAtMs, UInt64(retry.delayMs), nowMs) }
    switch message.start {
    case .atOnce: return .now
    case .delay(let milliseconds): return Self.due(sinceMs: acceptedAtMs, milliseconds, nowMs)
    case .notBefore(let unixMs): return .at(unixMs: unixMs)
    }
  }

  /// min(since + delay − now, delay), never negative.
  private static func due(
    sinceMs: UInt64, _ delayMs: UInt64, _ nowMs: UInt64
  ) -> PendingEntry.Due {
    let end = sinceMs + delayMs
    let left = end > nowMs ? min(end - nowMs, delayMs) : 0
    return left == 0 ? .now : .after(milliseconds: left)
  }

  private func stateAndNextAttempt(nowMs: UInt64) -> (MessageStatus.State, UInt64?) {
    switch state {
    case .dead: return (.dead, nil)
    case .delivered: return (.delivered, nil)
    case .cancelled: return (.cancelled, nil)
    case .pending:
      if let retry {
        let endMs = retry.recordedAtMs + UInt64(retry.delayMs)
        return (.retrying, min(endMs, nowMs + UInt64(retry.delayMs)))
      }
      return ageFromMs > nowMs ? (.scheduled, ageFromMs) : (.ready, nil)
    }
  }
}
