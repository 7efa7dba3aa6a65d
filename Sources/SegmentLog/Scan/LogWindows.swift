import Glibc

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
  ) -> PassResult {
    let first = pass(1, depth, progress)
    var window = first.window
    body(window)
    while window.upper != .max {
      window = self.window(from: window.upper)
      body(window)
    }
    return first
  }

  private func pass(
    _ from: Sequence, _ depth: ScanDepth, _ progress: @escaping PassProgress
  ) -> PassResult {
    let shared = SharedStates(StateWindow(from: from, bytesMax: bytesMax))
    let pass = FramePass(chain: chain, disk: disk, depth: depth, progress: progress)
    let digests = pass.run(shared)
    seed(shared)
    let problems = chain.dedups.compactMap { DedupPass.run($0, on: disk, shared) }
    return PassResult(window: shared.take(), digests: digests, dedupProblems: problems)
  }
}

extension LogWindows {
  /// Ends whose records were dropped are told by the checkpoint.
  private func seed(_ states: SharedStates) {
    guard !chain.isWhole, let checkpoint = chain.checkpoint else { return }
    var facts = FactBuffer()
    checkpoint.forEachEnd { sequence, state, _, _ in
      facts.add(end: sequence, state)
      if facts.isFull { states.apply(&facts) }
    }
    states.apply(&facts)
  }
}

struct PassResult {
  var window: StateWindow
  /// Of the chain's files, segments first.
  var digests: [FileDigest]
  var dedupProblems: [ChainProblem]
}

/// What dedup files tell of sequences: their messages were delivered.
private enum DedupPass {
  /// nil when there is nothing wrong with it.
  static func run(
    _ listing: DedupListing, on disk: any Disk, _ states: SharedStates
  ) -> ChainProblem? {
    var facts = FactBuffer()
    defer { states.apply(&facts) }
    do {
      let file = try DedupFile(id: listing.header.id, store: listing.header.store, on: disk)
      let result = try file.forEach { entry in
        facts.add(end: entry.sequence, .delivered)
        if facts.isFull { states.apply(&facts) }
      }
      guard let first = result.first else { return nil }
      return .unusable(
        file: listing.name,
        reason: "\(result.unreadable) of \(listing.header.pages) pages can't be read: \(first); "
          + "posted again, their messages are delivered again")
    } catch DedupError.disk(let error) where error.code == ENOENT {
      // A running server dropped it.
      return nil
    } catch {
      return .unusable(file: listing.name, reason: "\(error)")
    }
  }
}
