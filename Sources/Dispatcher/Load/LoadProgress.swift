import Delivery
import Glibc
import Synchronization

/// What a person sees of a load: lines that are to be read, on standard error, and a bar below them
/// on a terminal.
final class LoadProgress: Sendable {
  private let file: String
  /// In bytes; nil: no bar.
  private let total: UInt64?
  private let isShown = Mutex(false)

  init(_ file: String) {
    self.file = file
    var info = stat()
    let isFile = stat(file, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && info.st_size > 0
    total = isatty(STDERR_FILENO) == 1 && isFile ? UInt64(info.st_size) : nil
  }

  @Sendable func say(_ line: String) {
    isShown.withLock { isShown in
      Self.clear(&isShown)
      StandardError.print("dispatcher: \(file): \(line)")
    }
  }

  func advance(to position: LoadPosition) {
    guard let total else { return }
    let line =
      "\r\(ProgressBar.text(Double(position.bytes) / Double(total))) of \(ByteSize.rounded(total)), "
      + "\(position.lines) lines\u{1b}[K"
    isShown.withLock { isShown in
      OutputFile.writeAll(line.utf8, to: STDERR_FILENO)
      isShown = true
    }
  }

  /// Takes the bar away.
  func end() { isShown.withLock { Self.clear(&$0) } }

  private static func clear(_ isShown: inout Bool) {
    if isShown { OutputFile.writeAll("\r\u{1b}[K".utf8, to: STDERR_FILENO) }
    isShown = false
  }
}

enum LoadText {
  static func text(_ counts: LoadCounts) -> String {
    "\(counts.accepted) accepted, \(counts.known) known before, \(counts.refused) refused"
  }
}
