/// A page of waiting messages of one destination, decided from memory by the writer and completed
/// from disk by a `LogReader` on another thread.
package struct WalkPlan: Sendable {
  package var entries: [PlannedEntry]
  /// Pass it as `after` to go on; nil = the end was reached.
  package var next: Sequence?
  /// Every message at or below this one was seen.
  package var upTo: Sequence
}

package struct PlannedEntry: Sendable, Equatable {
  package var location: Location
  package var attempts: UInt32
  package var lastStatus: UInt16
  package var retry: RetryTime?
}

/// A waiting message, as the schedule needs it.
package struct WalkEntry: Sendable, Equatable {
  package var sequence: Sequence
  package var acceptedAtMs: UInt64
  package var start: RecordStart
  package var maxAgeMs: UInt64?
  package var maxAttempts: UInt32?
  package var attempts: UInt32
  package var lastStatus: UInt16
  /// nil: not tried yet, `start` counts.
  package var retry: RetryTime?
}
