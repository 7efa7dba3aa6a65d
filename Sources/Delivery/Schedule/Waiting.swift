/// A message in the schedule: its reference and what the retry policy needs to know.
package struct Waiting: Sendable, Equatable {
  package var ref: MessageRef
  package var ageFromMs: UInt64
  /// Attempts that ended.
  package var attempts: UInt32
  // There may be a million: what follows stands in such an order that it takes no room.
  /// See `PathKey`.
  package var path = PathKey.unknown
  package var maxAttempts: UInt32?
  /// The receiver said when to come back.
  package var wasAsked = false
  /// Attempts among them that cost no place in the retry schedule (429).
  package var spared: UInt16 = 0
  package var maxAgeMs: UInt64?
  /// Of the last attempt; 0 when there was none, or no answer.
  package var lastStatus: UInt16

  init(_ entry: PendingEntry) {
    ref = entry.ref
    ageFromMs = entry.ageFromMs
    attempts = entry.attempts
    path = entry.path
    maxAttempts = entry.maxAttempts
    maxAgeMs = entry.maxAgeMs
    lastStatus = entry.lastStatus
  }

  /// The number of its next attempt. The count comes from the store: it must not overflow.
  var nextAttempt: UInt32 { attempts == .max ? .max : attempts + 1 }
}

/// Waits for a moment of the monotonic clock.
struct Timed: Sendable, Comparable {
  var due: Duration
  var message: Waiting

  static func < (a: Timed, b: Timed) -> Bool {
    (a.due, a.message.ref.number) < (b.due, b.message.ref.number)
  }
  static func == (a: Timed, b: Timed) -> Bool {
    a.due == b.due && a.message.ref.number == b.message.ref.number
  }
}

/// Waits for a moment of the wall clock (`NotBefore`), which may step.
struct Absolute: Sendable, Comparable {
  var unixMs: UInt64
  var message: Waiting

  static func < (a: Absolute, b: Absolute) -> Bool {
    (a.unixMs, a.message.ref.number) < (b.unixMs, b.message.ref.number)
  }
  static func == (a: Absolute, b: Absolute) -> Bool {
    a.unixMs == b.unixMs && a.message.ref.number == b.message.ref.number
  }
}
