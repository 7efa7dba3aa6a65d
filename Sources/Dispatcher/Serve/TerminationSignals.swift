import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT: the first one asks for an orderly end, the second one ends the process at
/// once. They are watched on a queue of their own, so that a second one works whatever the rest of
/// the process is stuck in.
final class TerminationSignals: Sendable {
  private struct State {
    var received: CInt?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// From here on the signals no longer end the process by themselves.
  init() {
    let queue = DispatchQueue(label: "signals")
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, which so lives as long as the process.
      source.setEventHandler { [self] in withExtendedLifetime(source) { received(number) } }
      source.resume()
    }
  }

  /// Returns when the first one has come.
  func first() async {
    await withCheckedContinuation { continuation in
      let already = state.withLock { state in
        if state.received == nil { state.waiting.append(continuation) }
        return state.received != nil
      }
      if already { continuation.resume() }
    }
  }

  private func received(_ number: CInt) {
    let waiting: [CheckedContinuation<Void, Never>]? = state.withLock { state in
      if state.received != nil { return nil }
      state.received = number
      defer { state.waiting = [] }
      return state.waiting
    }
    // 128 + number is what a shell says of a process that a signal ended.
    guard let waiting else { _exit(128 + number) }
    for continuation in waiting { continuation.resume() }
  }
}
