import Synchronization

/// A pass over all directories for what became of the messages of one window.
struct DetailPass: Sendable {
  let chain: LogChain
  let disk: any Disk

  /// What can't be read tells nothing.
  func run(from: Sequence, _ bytesMax: Int) -> MessageDetails {
    let shared = Shared(MessageDetails(from: from, bytesMax: bytesMax))
    _ = FilePass.run(Array(chain.files.indices)) { read($0, shared) }
    var details = shared.take()
    seed(&details)
    return details
  }

  /// Records that were dropped are told by the checkpoint.
  private func seed(_ details: inout MessageDetails) {
    if let judged = chain.judged { judged.forEachLive { details.setLive($0, isDead: $1) } }
    guard !chain.isWhole || chain.judged != nil, let checkpoint = chain.checkpoint else { return }
    checkpoint.forEachEnd { sequence, state, attempts, status in
      details.add(sequence, state, attempts: attempts, status: status)
    }
    let files = chain.files
    checkpoint.attempts.forEach { attempt in
      details.add(attempt) { place in
        files.firstIndex { $0.id == place.segment && $0.header.kind == place.kind }
      }
    }
  }

  private func read(_ index: Int, _ shared: Shared) {
    var summary = FrameSummary()
    let file = chain.files[index]
    do throws(DiskError) {
      _ = try SegmentWalk.run(file, on: disk, depth: .heads) {
        (step, scanner) throws(DiskError) in
        guard case .frame(var frame) = step else { return }
        try summary.read(&frame, scanner)
        shared.apply(
          frame.head, summary,
          MessageDetails.Place(
            segment: UInt32(index), offset: frame.offset, hasNotes: summary.notes > 0))
      }
    } catch {
      return
    }
  }

  private final class Shared: Sendable {
    private let details: Mutex<MessageDetails>
    init(_ details: MessageDetails) { self.details = Mutex(details) }

    func apply(_ head: FrameHead, _ summary: FrameSummary, _ place: MessageDetails.Place) {
      details.withLock { $0.apply(head, summary, place) }
    }

    func take() -> MessageDetails {
      details.withLock { details in
        var taken = MessageDetails(from: 1, bytesMax: 0)
        swap(&taken, &details)
        return taken
      }
    }
  }
}
