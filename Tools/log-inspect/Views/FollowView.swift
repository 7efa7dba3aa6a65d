import Glibc
import SegmentLog

/// Prints what is written into the log from now on, until it is ended or nobody listens any more.
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
    Self.unblockSignals()
    while true {
      let isMore = try tail.poll { event in
        guard admits(event) else { return }
        if json {
          output.object { EventView.write(event, naming: true, to: &$0) }
        } else {
          output.line(EventView.text(event, naming: true))
        }
      }
      guard output.flush() else { return }
      if !isMore { usleep(Self.pauseMicroseconds) }
    }
  }

  /// A parent's threads may have blocked what ends it, and a child inherits that.
  private static func unblockSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
  }

  private func admits(_ event: LogEvent) -> Bool {
    let state: MessageState =
      if case .ended(let outcome) = event.kind { MessageState(outcome.kind) } else { .pending }
    guard filter.admits(state), event.atMs < filter.untilMs else { return false }
    if let uuid = filter.uuid, !event.uuid.utf8.elementsEqual(uuid) { return false }
    return filter.destinations.isEmpty || filter.destinations.contains(event.destination)
  }
}
