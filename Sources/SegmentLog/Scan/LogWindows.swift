/// The states of all messages of a log, a window at a time; nearly always one window holds all.
package struct LogWindows: Sendable {
  private let chain: LogChain
  private let disk: any Disk
  private let bytesMax: Int

  package init(
    _ chain: LogChain, on disk: any Disk, bytesMax: Int = StateWindow.bytesMaxDefault
  ) {
    self.chain = chain
    self.disk = disk
    self.bytesMax = bytesMax
  }

  /// The window that begins with a sequence, after a pass over all heads.
  package func window(
    from: Sequence, progress: @escaping PassProgress = { _, _ in }
  ) -> StateWindow {
    pass(from, .heads, progress).window
  }

  /// Calls `body` for each window, in ascending order. Gives what the first pass counted; further
  /// ones look at heads only.
  func forEach(
    _ depth: ScanDepth, progress: @escaping PassProgress, _ body: (StateWindow) -> Void
  ) -> [FileDigest] {
    var (window, digests) = pass(1, depth, progress)
    body(window)
    while window.upper != .max {
      window = pass(window.upper, .heads, { _, _ in }).window
      body(window)
    }
    return digests
  }

  private func pass(
    _ from: Sequence, _ depth: ScanDepth, _ progress: @escaping PassProgress
  ) -> (window: StateWindow, digests: [FileDigest]) {
    let shared = SharedStates(StateWindow(from: from, bytesMax: bytesMax))
    let pass = FramePass(chain: chain, disk: disk, depth: depth, progress: progress)
    let digests = pass.run(shared)
    return (shared.take(), digests)
  }
}
