import Glibc
import SegmentLog

/// Prints what is written into the log from now on, until it is ended.
struct FollowView {
  let tail: LogTail
  let filter: MessageFilter
  let json: Bool
  /// A frame is there for a moment before its sync is; a person does not notice.
  private static let pauseMicroseconds: useconds_t = 100_000

  init(_ tail: LogTail, _ filter: MessageFilter, json: Bool) {
    self.tail = tail
    self.filter = filter
    self.json = json
  }

  func run(to output: Output) throws(DiskError) {
    while true {
      let isMore = try tail.poll { event in
        guard admits(event) else { return }
        if json {
          output.object { EventView.write(event, naming: true, to: &$0) }
        } else {
          output.line(EventView.text(event, naming: true))
        }
      }
      output.flush()
      if !isMore { usleep(Self.pauseMicroseconds) }
    }
  }

  private func admits(_ event: LogEvent) -> Bool {
    let state: MessageState =
      if case .ended(let outcome) = event.kind { MessageState(outcome.kind) } else { .pending }
    guard filter.admits(state), event.atMs < filter.untilMs else { return false }
    if let uuid = filter.uuid, !event.uuid.utf8.elementsEqual(uuid) { return false }
    return filter.destinations.isEmpty || filter.destinations.contains(event.destination)
  }
}
