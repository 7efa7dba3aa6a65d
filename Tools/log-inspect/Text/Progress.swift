import Delivery
import Glibc
import Synchronization

/// How far a long read has come: on standard error, only for a person, only for larger logs. Several
/// threads report.
final class Progress: Sendable {
  private static let worthShowing: UInt64 = 16 << 20

  private struct State {
    var done: UInt64 = 0
    var shown = -1
  }
  private let isWanted: Bool
  private let state = Mutex(State())

  /// `printsBesides`: whether what is found is printed meanwhile. On a terminal that would mix.
  init(printsBesides: Bool = false) {
    isWanted = isatty(STDERR_FILENO) == 1 && !(printsBesides && isatty(STDOUT_FILENO) == 1)
  }

  @Sendable func advance(_ bytes: UInt64, of total: UInt64) {
    guard isWanted, total > Self.worthShowing else { return }
    state.withLock { state in
      state.done += bytes
      let percent = min(Int(Double(state.done) / Double(total) * 100), 100)
      guard percent != state.shown else { return }
      state.shown = percent
      let line = "\r\(ProgressBar.text(Double(percent) / 100)) of \(byteText(total))"
      _ = Output.write(Array(line.utf8), to: STDERR_FILENO)
    }
  }

  /// Takes the line away again.
  func end() {
    state.withLock { state in
      if state.shown >= 0 { _ = Output.write(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO) }
      state = State()
    }
  }
}
