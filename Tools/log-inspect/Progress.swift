import Glibc

/// How far a long read has come: on standard error, only for a person, only for large logs.
final class Progress {
  private static let worthShowing: UInt64 = 1 << 30
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var done: UInt64 = 0
  private var shown = -1

  func advance(_ bytes: UInt64, of total: UInt64) {
    guard isTerminal, total > Self.worthShowing else { return }
    done += bytes
    let percent = min(Int(Double(done) / Double(total) * 100), 100)
    guard percent != shown else { return }
    shown = percent
    let bar = String(repeating: "#", count: percent / 4)
    let rest = String(repeating: ".", count: 25 - percent / 4)
    Output.write(
      Array("\r[\(bar)\(rest)] \(percent) % of \(byteText(total))".utf8), to: STDERR_FILENO)
  }

  /// Takes the line away again.
  func end() {
    if shown >= 0 { Output.write(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO) }
  }
}
