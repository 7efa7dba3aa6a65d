import Delivery
import Glibc
import Synchronization

/// How far a copy is: a bar on standard error, only for a person. Several threads report.
final class CopyProgress: Sendable {
  private struct State {
    var what: String
    var done: UInt64 = 0
    var shown = -1
  }
  private let isWanted: Bool
  private let state = Mutex(State(what: "copying"))

  init(isWanted: Bool = isatty(STDERR_FILENO) == 1) { self.isWanted = isWanted }

  func begin(_ what: String) { state.withLock { $0 = State(what: what, shown: $0.shown) } }

  func advance(_ bytes: UInt64, of total: UInt64) {
    guard isWanted, total > 0 else { return }
    state.withLock { state in
      state.done += bytes
      let fraction = Double(state.done) / Double(total)
      guard Int(fraction * 100) != state.shown else { return }
      state.shown = Int(fraction * 100)
      let line =
        "\r\(ProgressBar.text(fraction)) of \(ByteSize.rounded(total)), \(state.what)\u{1b}[K"
      OutputFile.writeAll(line.utf8, to: STDERR_FILENO)
    }
  }

  /// Takes the line away again.
  func end() {
    state.withLock { state in
      if state.shown >= 0 { OutputFile.writeAll("\r\u{1b}[K".utf8, to: STDERR_FILENO) }
      state.shown = -1
    }
  }
}
