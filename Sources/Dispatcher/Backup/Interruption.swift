import Dispatch
import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP, for work that is done on one thread from beginning to end: it asks now
/// and then, and takes back what it has begun.
final class Interruption: Sendable {
  private let received = Mutex<CInt?>(nil)

  /// From here on the signals no longer end the process by themselves.
  init() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, which so lives as long as the process.
      source.setEventHandler { [self] in
        withExtendedLifetime(source) { received.withLock { $0 = number } }
      }
      source.resume()
    }
  }

  /// 128 + number is what a shell says of a process that a signal ended; nil: none has come.
  var status: CInt? { received.withLock { $0.map { 128 + $0 } } }
}
