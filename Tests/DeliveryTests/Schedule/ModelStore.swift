import Delivery

/// What a store holds and says, as plainly as can be: the truth that the schedule is checked against.
struct ModelStore {
  struct Entry {
    let ref: MessageRef
    let origin: Origin
    /// What the schedule learns only when it has the message read.
    let path: UInt32
    var isLive = true
    var attempts: UInt32 = 0
    /// Not attempted before this.
    var notBefore: Duration
    /// The same by the wall clock.
    var notBeforeMs: UInt64 = 0
    let acceptedAtMs: UInt64
    let ageFromMs: UInt64
    let maxAgeMs: UInt64?
    /// Attempted at the latest after this (what the store says to a walk), when a slot is free.
    var due: Duration
    var failuresLeft: Int
  }

  static let grant = LaneGrant(lane: 0, epoch: 1)

  private(set) var entries: [Entry] = []
  private(set) var liveCount = 0
  private var arrivals: [MessageRef] = []
  private var more: [MoreWaiting] = []
  private let window: Int

  init(window: Int) { self.window = window }

  subscript(ref: MessageRef) -> Entry {
    get { entries[Int(ref.number) - 1] }
    set { entries[Int(ref.number) - 1] = newValue }
  }

  mutating func accept(
    _ origin: Origin, path: UInt32 = 1, delay: Duration = .zero, notBeforeMs: UInt64 = 0,
    failures: Int = 0, maxAgeMs: UInt64? = nil, at now: Moment
  ) {
    let acceptedAtMs = max(now.logMs, entries.last?.acceptedAtMs ?? 0)
    let ref = MessageRef(lane: 0, number: UInt64(entries.count) + 1)
    entries.append(
      Entry(
        ref: ref, origin: origin, path: path, notBefore: now.monotonic + delay,
        notBeforeMs: notBeforeMs,
        acceptedAtMs: acceptedAtMs,
        // As the log would count it.
        ageFromMs: max(
          acceptedAtMs + UInt64(delay / .milliseconds(1)),
          notBeforeMs == 0 ? 0 : UInt64(max(0, Int(notBeforeMs + now.logMs) - Int(now.wallMs)))),
        maxAgeMs: maxAgeMs, due: now.monotonic + delay, failuresLeft: failures))
    liveCount += 1
    let own = maxAgeMs.map { self[ref].ageFromMs + $0 }
    if let at = more.firstIndex(where: { $0.origin == origin }) {
      more[at].earliestOwnMs = [more[at].earliestOwnMs, own].compactMap(\.self).min()
    } else if arrivals.count < window {
      arrivals.append(ref)
    } else {
      more.append(MoreWaiting(origin: origin, from: ref.number, earliestOwnMs: own))
    }
  }

  mutating func takeEvents(at now: Moment) -> [StoreEvent] {
    var events: [StoreEvent] = []
    if !arrivals.isEmpty {
      events.append(.arrived(Self.grant, arrivals.map { pendingEntry(self[$0], at: now) }))
    }
    if !more.isEmpty {
      events.append(.more(Self.grant, more))
    }
    (arrivals, more) = ([], [])
    return events
  }

  func page(_ request: PageRequest, at now: Moment) -> PendingPage {
    var page = PendingPage(entries: [], next: nil, upTo: UInt64(entries.count))
    for entry in entries.dropFirst(Int(request.after?.value ?? 0))
    where entry.isLive && entry.origin == request.origin {
      if page.entries.count == request.limit {
        page.upTo = page.entries[page.entries.count - 1].ref.number
        page.next = Cursor(value: page.upTo)
        break
      }
      page.entries.append(pendingEntry(entry, at: now))
    }
    return page
  }

  mutating func end(_ ref: MessageRef) {
    guard self[ref].isLive else { return }
    self[ref].isLive = false
    liveCount -= 1
  }

  private func pendingEntry(_ entry: Entry, at now: Moment) -> PendingEntry {
    let due: PendingEntry.Due
    if entry.attempts == 0, entry.notBeforeMs > 0 {
      due = .at(unixMs: entry.notBeforeMs)
    } else if entry.due > now.monotonic {
      let (seconds, attoseconds) = (entry.due - now.monotonic).components
      let milliseconds = UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000)
      due = .after(milliseconds: milliseconds)
    } else {
      due = .now
    }
    return PendingEntry(
      ref: entry.ref, origin: entry.origin, ageFromMs: entry.ageFromMs,
      acceptedAtMs: entry.acceptedAtMs, attempts: entry.attempts, due: due,
      maxAgeMs: entry.maxAgeMs)
  }
}
