/// A lane's share of a destination. (The embedded store has one lane; a store with several keeps the
/// messages of a destination together in one.)
struct DestinationKey: Hashable, Sendable {
  var lane: UInt16
  var origin: Origin
}

/// Everything the schedule knows of a destination.
struct Destination {
  let key: DestinationKey
  let grant: LaneGrant
  var queue = DestinationQueue()
  var gate = DestinationGate()
  // There may be very many destinations: what is small stands together, where it takes no room.
  /// Something was announced behind a lap that is under way.
  var lapAgain = false
  var isPageQueued = false
  private(set) var isLive = true
  var lastPage: PageRequest.Kind?
  /// Outcomes of this destination that the store has not acknowledged.
  var unrecorded: Int32 = 0
  var tail = Tail()
  var lap: Lap?
  var ages = AgeMarks()
  /// Live by the store's account, but without a readable body; when to try again.
  private(set) var unreadable: [MessageRef: Duration] = [:]

  /// The page under way.
  @CompactNumber var page: UInt64?
  @CompactTime var pageNotBefore: Duration?
  /// The stamp of its seat in the rings; nil = it has none.
  @CompactNumber var seat: UInt64?
  @CompactTime var idleSince: Duration?
  /// Its first 2xx since the start of the process.
  @CompactTime var firstSuccess: Duration?

  init(key: DestinationKey, grant: LaneGrant) {
    self.key = key
    self.grant = grant
  }

  var ring: SlotRings.Ring {
    gate.isSuspect
      ? .suspect : gate.isTrusted ? .trusted : gate.hasSucceeded ? .tried : .unproven
  }

  /// Nothing in memory, nothing under way, nothing in the store.
  var isIdle: Bool {
    queue.isEmpty && gate.inFlight == 0 && unrecorded == 0 && !tail.isOpen && lap == nil
      && page == nil
  }

  /// Beyond the bound the time of the next try is not remembered, only that there is one.
  private static let unreadableMax = 1024

  mutating func markUnreadable(_ ref: MessageRef, until: Duration) {
    if unreadable.count < Self.unreadableMax { unreadable[ref] = until }
    queue.leaveCold(due: until)
  }

  mutating func forgetUnreadable(_ ref: MessageRef) { unreadable[ref] = nil }

  mutating func dropExpiredUnreadable(at now: Moment) {
    guard !unreadable.isEmpty else { return }
    unreadable = unreadable.filter { $0.value > now.monotonic }
  }

  /// Forgotten; its index is free for another. Its place in the page queue may outlive it.
  mutating func retire() {
    let queued = isPageQueued
    self = Destination(key: key, grant: grant)
    isPageQueued = queued
    isLive = false
  }

  func mayRun(at now: Moment) -> Bool {
    gate.inFlight < gate.limit && queue.circuits.wholeMayStart(at: now.monotonic)
      && queue.hasReady(at: now)
  }

  /// A walk forward: when new messages wait in the store and what may run now gets scarce.
  func wantsTail(freshMax: Int) -> Bool { tail.isOpen && queue.fresh.count <= freshMax / 2 }

  /// A lap is worth its reading when something cold is due and what is in memory doesn't keep the
  /// slots busy anyway. One that is under way rests meanwhile: a destination that takes one call at a
  /// time must not have millions of messages read again and again.
  func wantsLap(timedMax: Int, at now: Moment) -> Bool {
    let isDue =
      queue.coldDue.map { $0 <= now.monotonic } ?? false
      || queue.coldUnixMs.map { $0 <= now.wallMs } ?? false
    guard lap != nil || isDue else { return false }
    if queue.pullsEnough(of: max(1, timedMax / 2), at: now) { return false }
    return queue.timed.count < max(1, timedMax / 2) || !queue.hasDueRetry(at: now)
  }

  /// The next time at which something changes by itself; nil = never.
  func nextWake(wantsPage: Bool, limits: SchedulerLimits, at now: Moment) -> Duration? {
    var next: Duration?
    func consider(_ time: Duration?) {
      guard let time, time > now.monotonic else { return }
      next = min(next ?? time, time)
    }
    consider(queue.timed.min?.due)
    consider(queue.coldDue)
    consider(queue.circuits.nextTime(after: now.monotonic, anyWaits: queue.count > 0))
    if wantsPage { consider(pageNotBefore) }
    func consider(unixMs: UInt64?) {
      guard let unixMs, unixMs > now.wallMs else { return }
      consider(now.monotonic + min(.clamped(milliseconds: unixMs - now.wallMs), limits.wallLook))
    }
    consider(unixMs: queue.absolute.min?.unixMs)
    consider(unixMs: queue.coldUnixMs)
    if let idleSince { consider(idleSince + limits.forgetAfter) }
    return next
  }
}

/// An attempt under way.
struct Flight {
  let id: UInt64
  let destination: Int
  /// Its path is known from when its body was read.
  var message: Waiting
  var counted: Circuits.Counted
  /// The circuit that pulled it forward.
  var pulledBy: UInt32?
  var isSlow = false
  /// Its lane was revoked: it holds its slot until it ends, and counts for nothing.
  var isOrphan = false
}

/// An attempt that ended, until the store has it.
struct Unrecorded {
  let destination: Int
  /// nil = the message ended with it.
  let retry: Timed?
}
