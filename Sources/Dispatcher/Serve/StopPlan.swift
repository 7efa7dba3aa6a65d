/// How an orderly end shares out its time. Everything that is waited for has one deadline: whoever
/// started the process kills it after a time of its own, and several waits, each with its own time,
/// add up to more than that.
struct StopPlan: Equatable {
  /// From the signal to the end of the process (`stop_timeout`).
  let total: Duration
  /// From the signal to closing the listeners; part of `total`, and cut where it would take all of it.
  let drainDelay: Duration

  /// - Parameter drainDelay: `drain_delay`, as it is asked for.
  init(total: Duration, drainDelay: Duration) {
    self.total = total
    self.drainDelay = min(drainDelay, total - Self.reserve(of: total))
  }

  /// What is kept for the last outcomes and for sealing the log.
  var reserve: Duration { Self.reserve(of: total) }
  private static func reserve(of total: Duration) -> Duration { min(.seconds(2), total / 5) }

  /// How long requests that have begun and deliveries in flight are waited for, both at once.
  func patience(after elapsed: Duration) -> Duration { max(.zero, total - reserve - elapsed) }

  func left(after elapsed: Duration) -> Duration { max(.zero, total - elapsed) }
}
