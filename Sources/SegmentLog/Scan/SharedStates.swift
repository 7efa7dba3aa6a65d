import Synchronization

/// A window that several threads fill. A `Mutex`: held for a few thousand facts at a time.
final class SharedStates: Sendable {
  private let window: Mutex<StateWindow>

  init(_ window: StateWindow) { self.window = Mutex(window) }

  func apply(_ facts: inout FactBuffer) {
    guard !facts.isEmpty else { return }
    window.withLock { $0.apply(facts) }
    facts.removeAll()
  }

  /// The window as it is now; this object is empty afterwards.
  func take() -> StateWindow {
    window.withLock { window in
      var taken = StateWindow(from: window.from, bytesMax: 0)
      swap(&taken, &window)
      return taken
    }
  }
}
