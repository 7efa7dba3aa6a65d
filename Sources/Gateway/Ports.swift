import Delivery
import SegmentLog

/// What the admin routes ask of the log: not part of `MessageStore`, since another engine has no
/// segments.
package protocol LogAdministration: Sendable {
  func overview() async throws(StoreError) -> LogOverview
  func compactionPreview() async throws(StoreError) -> CompactionPreview
  func compact() async throws(StoreError) -> CompactionReport
  func metrics() -> LogMetrics
}

/// Where the process stands, for `/healthz`, `/readyz` and for whether enqueue is served.
package enum ServiceState: Sendable, Equatable {
  case recovering
  case serving
  /// Reads, operations and deliveries go on; enqueue is refused with this reason.
  case drainOnly(reason: String)
  /// Shutdown has begun.
  case draining
}
