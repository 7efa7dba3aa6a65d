/// What the store has to tell the schedule and has not told yet, in bounded space.
///
/// Arrivals are kept one by one up to a window. Beyond it a destination is only remembered with the
/// first number that was left out, and so are its later arrivals until the reader was told: it
/// walks `pending` then, and whatever arrives after that is announced one by one again. The
/// destinations are as many as have pending messages, which the log knows one by one anyway.
struct EventWindow {
  private let limit: Int
  private let grant: LaneGrant
  private var isGranted = false
  private var arrivals: [PendingEntry] = []
  private var leftOut: [Origin: LeftOut] = [:]
  private struct LeftOut {
    var from: UInt64
    /// See `MoreWaiting.earliestOwnMs`.
    var earliestOwnMs: UInt64?

    mutating func add(from number: UInt64, ownExpiryMs: UInt64?) {
      from = min(from, number)
      guard let ownExpiryMs else { return }
      earliestOwnMs = min(earliestOwnMs ?? ownExpiryMs, ownExpiryMs)
    }
  }
  private var isScarce = false
  private var toldScarce = false

  /// The first thing that is told is the grant.
  init(limit: Int, grant: LaneGrant) {
    self.limit = limit
    self.grant = grant
  }

  var isEmpty: Bool { isGranted && arrivals.isEmpty && leftOut.isEmpty && isScarce == toldScarce }

  /// In the order of their numbers.
  mutating func arrived(_ entries: [PendingEntry]) {
    if leftOut.isEmpty && arrivals.count + entries.count <= limit {
      return arrivals.append(contentsOf: entries)
    }
    for entry in entries {
      if leftOut[entry.origin] == nil, arrivals.count < limit {
        arrivals.append(entry)
      } else {
        more(entry.origin, from: entry.ref.number, ownExpiryMs: entry.ownExpiryMs)
      }
    }
  }

  /// Pending messages that will not be announced one by one, from `number` on.
  /// - Parameter ownExpiryMs: see `MoreWaiting.earliestOwnMs`.
  mutating func more(_ origin: Origin, from number: UInt64, ownExpiryMs: UInt64?) {
    leftOut[origin, default: LeftOut(from: number)]
      .add(from: number, ownExpiryMs: ownExpiryMs)
  }

  /// Whether room for outcomes is running out.
  mutating func scarcity(_ now: Bool) { isScarce = now }

  /// Everything at once; waits that run count from now.
  mutating func take(nowMs: UInt64) -> [StoreEvent] {
    var events: [StoreEvent] = isGranted ? [] : [.granted(grant)]
    if !arrivals.isEmpty {
      for at in arrivals.indices { arrivals[at].countDown(nowMs: nowMs) }
      events.append(.arrived(grant, arrivals))
    }
    if !leftOut.isEmpty {
      let waiting = leftOut.map { origin, more in
        MoreWaiting(origin: origin, from: more.from, earliestOwnMs: more.earliestOwnMs)
      }
      events.append(.more(grant, waiting.sorted { $0.from < $1.from }))
    }
    if isScarce != toldScarce { events.append(.scarcity(grant, isScarce)) }
    toldScarce = isScarce
    isGranted = true
    arrivals = []
    leftOut = [:]
    return events
  }
}

extension PendingEntry {
  /// A delayed message's age begins when its delay ends, so its end needs no field of its own.
  fileprivate mutating func countDown(nowMs: UInt64) {
    guard case .after(let delayMs) = due else { return }
    due = .remaining(untilMs: ageFromMs, ofMs: delayMs, nowMs: nowMs)
  }
}

extension PendingEntry.Due {
  /// min(until − now, delay), never negative: a step of the wall clock can shorten a wait but never
  /// stretch it.
  static func remaining(untilMs: UInt64, ofMs delayMs: UInt64, nowMs: UInt64) -> Self {
    let leftMs = untilMs > nowMs ? min(untilMs - nowMs, delayMs) : 0
    return leftMs == 0 ? .now : .after(milliseconds: leftMs)
  }
}
