/// How the files and sockets that the system lets the process have open are shared out.
///
/// The log comes first: when it can't open its next segment the process ends. So neither callers,
/// who may open as many connections as they like, nor receivers get what it needs.
struct DescriptorPlan: Equatable {
  /// Connections of callers at once.
  let callers: Int
  /// Connections to receivers from which on none is kept for the next request.
  let receivers: Int

  /// The log with its readers, the event loops, the listeners and the operator's connections.
  private static let own = 128
  /// What is taken at most, however much there is.
  private static let callersMax = 50_000
  private static let receiversMin = 512

  /// - Parameters:
  ///   - limit: what the system grants (`RLIMIT_NOFILE`).
  ///   - worker: deliveries in flight at once, each with a socket of its own.
  init(limit: Int, worker: Int) {
    let free = max(0, limit - Self.own - worker)
    receivers = min(max(Self.receiversMin, 2 * worker), free / 2)
    // A service that takes no callers is none: when `worker` alone is too much for the limit, a few
    // come in all the same, and the start says so.
    callers = min(Self.callersMax, max(limit / 8, free - receivers))
  }

  /// Fewer callers than the ten thousand idle ones that a service should bear.
  var isScarce: Bool { callers < 10_000 }
}
