/// What `DeliveryService` can be told; the defaults are right for most.
package struct DeliveryConfiguration: Sendable {
  /// Deliveries in flight at once.
  package var worker = 64
  /// For messages that don't say their own.
  package var timeout: Duration = .seconds(10)
  /// The longest timeout of a message, whatever it says itself.
  package var maxTimeout: Duration = .seconds(900)
  package var retry = RetryPolicy()
  /// `User-Agent` of requests that don't set one; carries the version.
  package var userAgent = "Dispatcher"
  /// The largest body that can be accepted, bytes: what is reserved before a body is read.
  package var bodyBytesMax = 1 << 20
  /// Bodies in memory, bytes; starts wait for room.
  package var bodyMemoryMax = 256 << 20
  /// Bounds of the schedule; its `worker` is replaced by the one above.
  package var schedule = SchedulerLimits()
  /// For the jitter of retries; nil = a different one each time.
  package var seed: UInt64?
  /// How long outcomes may fail to be recorded at shutdown before they are given up (their messages
  /// are delivered again).
  package var recordPatience: Duration = .seconds(5)

  /// Destinations that answered well before a clean stop: they are not met as strangers.
  package var knownGood: [KnownGood] = []

  package init() {}
}
