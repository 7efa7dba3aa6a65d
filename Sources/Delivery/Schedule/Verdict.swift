/// What an attempt means for its message.
package enum Verdict: Sendable, Equatable {
  case delivered(AttemptNote)
  case dead(AttemptNote)
  /// Failed; tried again after the wait.
  case retry(after: Duration, AttemptNote)
  /// Ended by ourselves: nothing is charged, nothing is recorded.
  case interrupted
  /// It could not be made: nothing is charged, nothing is recorded; tried again after the wait.
  case postponed(after: Duration)
}

/// What an attempt tells about its destination.
package struct DestinationSignal: Sendable, Equatable {
  package enum Health: Sendable, Equatable {
    /// A 2xx.
    case success
    /// Any other response below 500: somebody is there and refuses this message.
    case answered
    /// 429: it wants fewer calls.
    case limited
    /// No connection: the host has no address, refuses, or fails the handshake.
    case unreachable
    /// Reset, timeout, not HTTP, 502 and above: what is behind this path is dead or soon will be.
    case trouble
    /// 500 or 501: the message's fault or the path's, its number tells.
    case failed
    /// Says nothing about the destination.
    case neutral
  }
  package var health: Health
  /// The destination asked for silence (`Retry-After` on 429 and 503), already capped.
  package var hold: Duration?
  /// The answer said when this message may come back.
  package var asksMessage = false

  package init(_ health: Health, hold: Duration? = nil, asksMessage: Bool = false) {
    self.health = health
    self.hold = hold
    self.asksMessage = asksMessage
  }
}

package struct Judgement: Sendable, Equatable {
  package var verdict: Verdict
  package var signal: DestinationSignal

  package init(_ verdict: Verdict, _ signal: DestinationSignal) {
    self.verdict = verdict
    self.signal = signal
  }
}

/// What the policy must know of the attempt that ended.
package struct AttemptContext: Sendable, Equatable {
  /// Which attempt it was, the first is 1.
  package var number: UInt32
  /// See `PendingEntry.ageFromMs`.
  package var ageFromMs: UInt64
  /// Earlier attempts that count for its limit but not for its waits.
  package var spared: UInt32 = 0
  /// The message's own limits; `nil` = the policy's.
  package var limits: RetryLimits
  /// Of the attempt before; 0 when there was none, or no answer.
  package var lastStatus: UInt16
  /// Its first 2xx is an hour old.
  package var destinationIsProven: Bool

  package init(
    number: UInt32, ageFromMs: UInt64, spared: UInt32 = 0, limits: RetryLimits = RetryLimits(),
    lastStatus: UInt16 = 0, destinationIsProven: Bool = false
  ) {
    self.number = number
    self.ageFromMs = ageFromMs
    self.spared = spared
    self.limits = limits
    self.lastStatus = lastStatus
    self.destinationIsProven = destinationIsProven
  }
}
