import Synchronization

/// A `DirectoryLock` that is given free at a certain moment, not when its last reference happens to
/// go: another process may be waiting for the directory of a log that was closed.
final class HeldLock: Sendable {
  private let lock: Mutex<DirectoryLock?>

  init(_ lock: DirectoryLock) { self.lock = Mutex(lock) }

  func release() { lock.withLock { $0 = nil } }

  /// False, too, when it was given free.
  var isInPlace: Bool { lock.withLock { $0?.isInPlace ?? false } }
}
