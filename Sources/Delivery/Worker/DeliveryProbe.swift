/// What reading and metrics ask of the running delivery.
package protocol DeliveryProbe: Sendable {
  /// Being attempted, or attempted and its outcome not yet recorded.
  func isInFlight(_ ref: MessageRef) -> Bool
  func deliveryCounters() -> DeliveryCounters
}

package struct DeliveryCounters: Sendable, Equatable {
  package var inFlight: Int = 0
  /// Messages the schedule holds in memory, and destinations known.
  package var scheduled: Int = 0
  package var destinations: Int = 0
  /// Attempts that ended, by what came of them: `delivered`, `retry`, `dead`, `interrupted`.
  package var attempts: [AttemptClass: UInt64] = [:]
  /// Changes the store refused because the message had ended meanwhile.
  package var refusedChanges: UInt64 = 0
  /// Attempts that were put back because this machine ran out of something, by what.
  package var shortages: [OwnShortage: UInt64] = [:]
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
