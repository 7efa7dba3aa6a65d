import Dispatch
import Glibc
import Logging
import Synchronization

/// SIGTERM and SIGINT: the first one asks for an orderly end, the second one ends the process at
/// once. They are watched on a queue of their own, so that a second one works whatever the rest of
/// the process is stuck in. What other programs take as a wish (reload, reopen the log file) ends
/// nothing: SIGHUP, SIGUSR1 and SIGUSR2 are said to be ignored.
final class TerminationSignals: Sendable {
  private struct State {
    var received: CInt?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let logger: Logger?

  /// From here on the signals no longer end the process by themselves. Without a logger these are
  /// only the two that ask for the end.
  init(logger: Logger? = nil) {
    self.logger = logger
    let queue = DispatchQueue(label: "signals")
    for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
      watch(number, on: queue) { [self] in received(number, name) }
    }
    guard let logger else { return }
    for (number, name) in [(SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1"), (SIGUSR2, "SIGUSR2")] {
      watch(number, on: queue) {
        logger.notice("\(name) is ignored: the configuration is read at a start only")
      }
    }
  }

  private func watch(
    _ number: CInt, on queue: DispatchQueue, _ handler: @escaping @Sendable () -> Void
  ) {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
    // The handler holds its own source, which so lives as long as the process.
    source.setEventHandler { withExtendedLifetime(source) { handler() } }
    source.resume()
  }

  /// What a shell says of a process that the first one ended; nil: none has come. For work that is
  /// done on one thread from beginning to end and asks now and then.
  var status: CInt? { state.withLock { $0.received.map { 128 + $0 } } }

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

  private func received(_ number: CInt, _ name: String) {
    let waiting: [CheckedContinuation<Void, Never>]? = state.withLock { state in
      if state.received != nil { return nil }
      state.received = number
      defer { state.waiting = [] }
      return state.waiting
    }
    guard let waiting else {
      if let logger {
        logger.critical(
          "\(name) while stopping: the process ends at once; nothing answered is lost")
        LogOutput.writer.flush()
      }
      // 128 + number is what a shell says of a process that a signal ended.
      _exit(128 + number)
    }
    for continuation in waiting { continuation.resume() }
  }
}
