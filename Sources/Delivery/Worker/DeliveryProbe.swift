/// What reading and metrics ask of the running delivery.
package protocol DeliveryProbe: Sendable {
  /// Being attempted, or attempted and its outcome not yet recorded.
  func isInFlight(_ ref: MessageRef) -> Bool
  func deliveryCounters() -> DeliveryCounters
  /// When a message for this path of a destination that is due can be tried at the earliest: now, or
  /// when the path or the destination is called again. Wall clock, milliseconds since 1970; nil = not
  /// by this process.
  func nextCallMs(to origin: Origin, path: UInt32) -> UInt64?
}

package struct DeliveryCounters: Sendable, Equatable {
  package var inFlight: Int = 0
  /// Messages the schedule holds in memory, and destinations known.
  package var scheduled: Int = 0
  package var destinations: Int = 0
  /// Destinations that failed several times in a row, as a whole or with a path that messages wait
  /// for, and have not worked since.
  package var broken: Int = 0
  /// Attempts that ended, by what came of them: `delivered`, `retry`, `dead`, `interrupted`.
  package var attempts: [AttemptClass: UInt64] = [:]
  /// Changes the store refused because the message had ended meanwhile.
  package var refusedChanges: UInt64 = 0
  /// Attempts that were put back because this machine ran out of something, by what.
  package var shortages: [OwnShortage: UInt64] = [:]
  /// Messages that reached their limit of time while they waited.
  package var expired: UInt64 = 0
  package init() {}
}

/// Outcome and kind of an attempt, the labels of `dispatcher_attempts_total`.
package struct AttemptClass: Sendable, Hashable {
  /// `delivered`, `retry`, `dead` or `interrupted`.
  package var outcome: String
  /// `1xx`, `2xx`, `3xx`, `4xx`, `5xx`, `timeout`, `dns`, `connect`, `tls`, `protocol`, `blocked` or `closed`;
  /// `none` for an interrupted one.
  package var kind: String
  package init(outcome: String, kind: String) {
    self.outcome = outcome
    self.kind = kind
  }
}
