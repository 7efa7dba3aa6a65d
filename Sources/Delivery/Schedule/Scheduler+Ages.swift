extension Scheduler {
  /// What messages expire by: a last attempt is due at the expiry itself and must have its chance.
  private func cutMs(_ now: Moment) -> UInt64 {
    now.logMs > limits.expiryGraceMs ? now.logMs - limits.expiryGraceMs : 0
  }

  func isExpired(_ message: Waiting, at now: Moment) -> Bool {
    message.expiryMs(common: limits.maxAgeMs).map { $0 <= cutMs(now) } ?? false
  }

  /// Ends what has expired in memory, and what is known one by one of the store.
  mutating func expireDue(_ i: Int, at now: Moment) {
    if destinations[i].ages.knowsOfStore, !hasStored(i) {
      withAges(i) { ages, _ in ages.storeIsEmpty() }
    }
    guard let dueMs = destinations[i].ages.lookDueMs, dueMs <= cutMs(now),
      nextLook(destinations[i].ages.lookAt, at: now) == now.monotonic
    else { return }
    expireInMemory(i, most: agesLeft, at: now)
    let cut = cutMs(now)
    while agesLeft > 0, let message = withAges(i, { ages, _ in ages.popOutlier(cutMs: cut) }) {
      expire(message, in: i)
    }
    destinations[i].ages.lookAt = now.monotonic + limits.expiryLook
  }

  private mutating func expireInMemory(_ i: Int, most: Int, at now: Moment) {
    guard let dueMs = destinations[i].ages.memoryDueMs, dueMs <= cutMs(now) else { return }
    let (cut, common) = (cutMs(now), limits.maxAgeMs)
    let found = withQueue(i) { $0.takeExpired(cutMs: cut, common: common, most: most, at: now) }
    for message in found.expired { expire(message, in: i) }
    destinations[i].ages.lookedThroughMemory(earliestMs: found.earliestMs)
  }

  /// It waits for the store's acknowledgement now, as after an attempt. One that is in flight ends by
  /// what comes of that.
  mutating func expire(_ message: Waiting, in i: Int, cause: Expired.Cause = .age) {
    guard !isInFlight(message.ref) else { return }
    agesLeft -= 1
    unrecorded[message.ref] = Unrecorded(destination: i, retry: nil)
    destinations[i].ages.ended(message.ref)
    destinations[i].unrecorded += 1
    expired.append(
      Expired(
        cause: cause, message: message, origin: destinations[i].key.origin,
        grant: destinations[i].grant))
  }

  private func hasStored(_ i: Int) -> Bool {
    destinations[i].tail.isOpen || destinations[i].lap != nil || destinations[i].queue.hasCold
  }

  /// When the next look may be that is due and may not be before `notBefore`.
  private func nextLook(_ notBefore: Duration?, at now: Moment) -> Duration {
    let isBusy = isPaused || agesLeft <= 0 || unrecorded.count >= limits.unrecorded / 2
    let next = max(notBefore ?? .zero, now.monotonic)
    return isBusy ? max(next, now.monotonic + limits.expiryLook) : next
  }

  /// So many messages may expire at once; others are to be accepted and delivered meanwhile.
  mutating func refillAges(at now: Moment) {
    if let last = agesRefilledAt, now.monotonic < last + limits.expiryLook { return }
    agesRefilledAt = now.monotonic
    agesLeft = limits.expiryBurst
  }

  func dueAgesWalk(_ i: Int, at now: Moment) -> AgeMarks.Walk? {
    guard let walk = destinations[i].ages.dueWalk(cutMs: cutMs(now)), hasStored(i),
      nextLook(destinations[i].ages.walkAt, at: now) == now.monotonic
    else { return nil }
    return walk
  }

  /// The next time to look whether something has expired.
  func nextAgesLook(_ i: Int, at now: Moment) -> Duration? {
    var next: Duration?
    if destinations[i].queue.count + destinations[i].ages.outlierCount > 0,
      let dueMs = destinations[i].ages.lookDueMs
    {
      next = time(of: dueMs, notBefore: destinations[i].ages.lookAt, at: now)
    }
    // A page that was asked for looks by itself what comes next.
    if destinations[i].page == nil, !destinations[i].isPageQueued,
      let dueMs = destinations[i].ages.walkDueMs
    {
      let notBefore = max(
        destinations[i].ages.walkAt ?? .zero, destinations[i].pageNotBefore ?? .zero)
      let walk = time(of: dueMs, notBefore: notBefore, at: now)
      next = min(next ?? walk, walk)
    }
    return next
  }

  private func time(of dueMs: UInt64, notBefore: Duration?, at now: Moment) -> Duration {
    let cut = cutMs(now)
    guard dueMs <= cut else {
      return now.monotonic + .milliseconds(min(dueMs - cut, limits.ageLookMs))
    }
    return max(nextLook(notBefore, at: now), now.monotonic + .milliseconds(1))
  }

  mutating func takeAgesPage(
    _ page: PendingPage, of walk: AgeMarks.Walk, _ request: PageRequest, in i: Int, at now: Moment
  ) {
    // What is in memory and has expired waits for the store now, and is told apart by that.
    expireInMemory(i, most: .max, at: now)
    switch walk {
    case .common: passCommon(page, request, in: i, at: now)
    case .outliers:
      for entry in page.entries {
        let message = Waiting(entry)
        if isExpired(message, at: now) {
          expire(message, in: i)
        } else {
          withAges(i) { $0.keep(message, $1) }
        }
      }
      withAges(i) { ages, _ in ages.finishOutlierPage(next: page.next) }
    }
    destinations[i].ages.walkAt = now.monotonic + limits.expiryPace
  }

  private mutating func passCommon(
    _ page: PendingPage, _ request: PageRequest, in i: Int, at now: Moment
  ) {
    let cut = cutMs(now)
    var dueMs: UInt64?
    for entry in page.entries {
      let youngestMs = AgeLimit.expiryMs(ageFromMs: entry.acceptedAtMs, limitMs: limits.maxAgeMs)
      guard let youngestMs, youngestMs <= cut else {
        dueMs = youngestMs ?? .max
        break
      }
      let message = Waiting(entry)
      guard !destinations[i].ages.hasPassed(message.ref.number) else { continue }
      let isOver = message.maxAgeMs == nil && isExpired(message, at: now)
      if isOver { expire(message, in: i) }
      withAges(i) { $0.pass(message, isOver: isOver, $1) }
    }
    if page.next == nil, dueMs == nil {
      // What is accepted from now on expires after that.
      dueMs = AgeLimit.expiryMs(ageFromMs: request.askedAtMs, limitMs: limits.maxAgeMs) ?? .max
    }
    withAges(i) { ages, _ in ages.finishCommonPage(next: page.next, dueMs: dueMs) }
  }

  mutating func withAges<T>(_ i: Int, _ body: (inout AgeMarks, AgeMarks.Room) -> T) -> T {
    let most = max(limits.floor, (limits.window / 4 - outliers) / 16)
    let room = AgeMarks.Room(commonMs: limits.maxAgeMs, outliers: min(limits.fresh, most))
    outliers -= destinations[i].ages.outlierCount
    defer { outliers += destinations[i].ages.outlierCount }
    return body(&destinations[i].ages, room)
  }
}
