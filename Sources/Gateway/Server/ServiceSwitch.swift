import Delivery
import Synchronization

/// What stands behind the gateway once recovery has ended.
package struct Backend: Sendable {
  package let store: any MessageStore
  package let probe: any DeliveryProbe
  /// nil: this store keeps no log that could be looked at.
  package let log: (any LogAdministration)?

  package init(
    store: any MessageStore, probe: any DeliveryProbe, log: (any LogAdministration)?
  ) {
    self.store = store
    self.probe = probe
    self.log = log
  }
}

/// Where the listeners, which open before recovery ends, find what they serve.
///
/// A mutex, since it is read once per request and held for a few instructions.
package final class ServiceSwitch: Sendable {
  package struct Reading: Sendable {
    package var state: ServiceState = .recovering
    package var backend: Backend?
    /// Counts installations, so that what was built for an earlier backend is known to be stale.
    package var generation = 0
    /// Shutdown was announced: still serving, but `/readyz` says no.
    package var leaving = false
  }

  private let reading = Mutex(Reading())

  package init() {}

  package var current: Reading { reading.withLock { $0 } }

  package var state: ServiceState { reading.withLock { $0.state } }

  /// The shutdown was announced or has begun: connections are not kept.
  package var isLeaving: Bool { reading.withLock { $0.leaving || $0.state == .draining } }

  /// Sets the backend and the state that goes with it in one step.
  package func install(_ backend: Backend, state: ServiceState) {
    reading.withLock {
      $0.backend = backend
      $0.state = state
      $0.generation += 1
    }
  }

  package func set(_ state: ServiceState) {
    reading.withLock { $0.state = state }
  }

  /// Damage was found while serving: nothing new is taken from here on.
  package func restrict(because reason: String) {
    reading.withLock {
      if $0.state == .serving { $0.state = .drainOnly(reason: reason) }
    }
  }

  /// From here on `/readyz` says no, while requests are served as before.
  package func announceLeaving() {
    reading.withLock { $0.leaving = true }
  }
}
