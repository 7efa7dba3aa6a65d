import Synchronization

/// A pass over all directories for what became of the messages of one window.
struct DetailPass: Sendable {
  let chain: LogChain
  let disk: any Disk

  /// What can't be read tells nothing.
  func run(from: Sequence, _ bytesMax: Int) -> MessageDetails {
    let shared = Shared(MessageDetails(from: from, bytesMax: bytesMax))
    _ = FilePass.run(Array(chain.segments.indices)) { read($0, shared) }
    return shared.take()
  }

  private func read(_ index: Int, _ shared: Shared) {
    var summary = FrameSummary()
    do throws(DiskError) {
      _ = try SegmentWalk.run(chain.segments[index], on: disk, depth: .heads) {
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
