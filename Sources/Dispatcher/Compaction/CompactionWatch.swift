import Delivery
import Glibc
import SegmentLog

/// Shows how far a compaction is: a bar on standard error, only for a person.
struct CompactionWatch: Sendable {
  /// Asked a few times in a second; nil: not known.
  var progress: @Sendable () async -> CompactionProgress?

  private static let pause = Duration.milliseconds(250)

  /// Runs `work`, with a bar beside it when standard error is a terminal.
  func whileRunning<Answer: Sendable>(
    _ work: @Sendable () async -> Answer
  ) async -> Answer {
    guard isatty(STDERR_FILENO) == 1 else { return await work() }
    let bar = Task { await show() }
    let answer = await work()
    bar.cancel()
    await bar.value
    return answer
  }

  private func show() async {
    var isShown = false
    while !Task.isCancelled {
      if let progress = await progress() {
        OutputFile.writeAll(Array("\r\(Self.line(progress))".utf8), to: STDERR_FILENO)
        isShown = true
      }
      try? await Task.sleep(for: Self.pause)
    }
    if isShown { OutputFile.writeAll(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO) }
  }

  static func line(_ progress: CompactionProgress) -> String {
    "\(ProgressBar.text(progress.fraction)), \(progress.done) of \(progress.jobs) done"
  }
}
