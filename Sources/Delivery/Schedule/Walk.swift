/// What the schedule asks of the store; answered with `pageArrived` or `pageFailed`.
package struct PageRequest: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case tail, lap
    /// For messages that have reached their limit of time.
    case ages(AgeMarks.Walk)
  }

  package let grant: LaneGrant
  package let origin: Origin
  package let after: Cursor?
  package let limit: Int
  let id: UInt64
  let destination: Int
  let kind: Kind
  /// The wall clock then.
  let askedAtMs: UInt64
  /// What had been announced when it was asked: tells whether its end is the end.
  let announcedUpTo: UInt64
  let moreCount: UInt64
}

/// How far the messages of a destination have been seen for the first time, in the order of their
/// numbers. While it is closed, new messages come as events; while it is open they are only
/// remembered, and pages bring them.
struct Tail {
  /// Every live message with a number at or below this was seen once: it is in memory, in flight,
  /// waiting for the store's acknowledgement, or left cold with its due time remembered.
  private(set) var seenUpTo: UInt64 = 0
  private(set) var isOpen = false
  /// Where the next page begins; the last page's own beginning once the end was reached.
  private(set) var cursor: Cursor?
  private(set) var announcedUpTo: UInt64 = 0
  private(set) var moreCount: UInt64 = 0

  mutating func sawNext(_ number: UInt64) { seenUpTo = max(seenUpTo, number) }

  /// A message that is not taken in now.
  mutating func remember(_ number: UInt64) {
    isOpen = true
    announcedUpTo = max(announcedUpTo, number)
  }

  mutating func moreWaits() {
    isOpen = true
    moreCount += 1
  }

  /// Its entries were told with `sawNext`.
  mutating func finishPage(_ page: PendingPage, of request: PageRequest) {
    if let next = page.next {
      cursor = next
      return
    }
    sawNext(page.upTo)
    // What was announced before the page was asked for stood in it, by the store's promise.
    let announcedSince = announcedUpTo > request.announcedUpTo && announcedUpTo > seenUpTo
    if announcedSince || moreCount != request.moreCount { return }
    sawNext(announcedUpTo)
    isOpen = false
  }
}

/// One pass over what was left in the store, from the first message to `end`.
struct Lap {
  var cursor: Cursor?
  let end: UInt64
  /// In memory, in flight or unacknowledged when the lap began. They are none of its business: what
  /// became of them since may not stand in the page that brings them.
  let excluded: Set<MessageRef>
}
