/// Messages that were being attempted when the process ended by itself. Each is tried again behind the
/// others and as the only one of them; one that was there too often is not tried any more.
package struct CrashSuspects: Sendable {
  enum Turn: Equatable { case now, later, never }

  /// The others go first.
  private static let behind: Duration = .seconds(2)

  private var waiting: Set<MessageRef>
  private var heldBack: Set<MessageRef>
  private var flying: MessageRef?
  private var from: Duration?

  package init(suspects: Set<MessageRef> = [], heldBack: Set<MessageRef> = []) {
    waiting = suspects.subtracting(heldBack)
    self.heldBack = heldBack
  }

  var isEmpty: Bool { waiting.isEmpty && heldBack.isEmpty }

  mutating func turn(of ref: MessageRef, at now: Moment) -> Turn {
    if heldBack.contains(ref) { return .never }
    guard waiting.contains(ref) else { return .now }
    let from = from ?? now.monotonic + Self.behind
    self.from = from
    return from <= now.monotonic && flying == nil ? .now : .later
  }

  mutating func began(_ ref: MessageRef) {
    if waiting.contains(ref) { flying = ref }
  }

  /// It was not attempted after all.
  mutating func putBack(_ ref: MessageRef) {
    if flying == ref { flying = nil }
  }

  /// The attempt is over and the process is still there.
  mutating func ended(_ ref: MessageRef) {
    guard flying == ref else { return }
    flying = nil
    waiting.remove(ref)
  }

  mutating func isOver(_ ref: MessageRef) { heldBack.remove(ref) }
}
