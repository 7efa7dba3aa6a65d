import Delivery

/// What the in-memory store has to tell its one reader: a window of arrivals, then `more`.
struct InMemoryEvents {
  private let window: Int
  private let clock: any Clock
  private var first: [StoreEvent] = []
  private var arrivals: [InMemoryLog.Entry] = []
  /// Destinations that fell out of the window, with the first number that was not announced.
  private var more: [MoreWaiting] = []
  private var reader: CheckedContinuation<[StoreEvent], Never>?

  init(window: Int, clock: any Clock) {
    self.window = window
    self.clock = clock
  }

  mutating func announce(_ event: StoreEvent) { first.append(event) }

  mutating func overflow(_ origin: Origin, from number: UInt64, earliestOwnMs: UInt64?) {
    guard let at = more.firstIndex(where: { $0.origin == origin }) else {
      return more.append(
        MoreWaiting(origin: origin, from: number, earliestOwnMs: earliestOwnMs))
    }
    more[at].earliestOwnMs = [more[at].earliestOwnMs, earliestOwnMs].compactMap(\.self).min()
  }

  mutating func arrived(_ entries: [InMemoryLog.Entry], under grant: LaneGrant) {
    for entry in entries {
      let isLeftOut = more.contains { $0.origin == entry.message.origin }
      if !isLeftOut, arrivals.count < window {
        arrivals.append(entry)
      } else {
        overflow(
          entry.message.origin, from: entry.ref.number,
          earliestOwnMs: entry.message.limits.maxAgeMs.map { entry.ageFromMs + $0 })
      }
    }
    if let reader, let events = take(grant) {
      self.reader = nil
      reader.resume(returning: events)
    }
  }

  mutating func wait(_ continuation: CheckedContinuation<[StoreEvent], Never>) {
    precondition(reader == nil, "a store has one reader")
    if let events = take(InMemoryStore.grant) {
      continuation.resume(returning: events)
    } else {
      reader = continuation
    }
  }

  mutating func stopWaiting() {
    reader?.resume(returning: [])
    reader = nil
  }

  private mutating func take(_ grant: LaneGrant) -> [StoreEvent]? {
    var events = first
    if !arrivals.isEmpty {
      // Waits that run count from now.
      let nowMs = clock.wallMs()
      events.append(.arrived(grant, arrivals.map { $0.pendingEntry(nowMs: nowMs) }))
    }
    if !more.isEmpty { events.append(.more(grant, more)) }
    (first, arrivals, more) = ([], [], [])
    return events.isEmpty ? nil : events
  }
}
