extension Scheduler {
  func wantsTail(_ i: Int) -> Bool {
    destinations[i].wantsTail(freshMax: limits.share(of: limits.fresh, hot: hot))
  }

  func wantsLap(_ i: Int, at now: Moment) -> Bool {
    destinations[i].wantsLap(timedMax: limits.share(of: limits.timed, hot: hot), at: now)
  }

  mutating func finish(_ request: PageRequest) -> Int? {
    pagesUnderWay -= 1
    let i = request.destination
    guard destinations[i].isLive, destinations[i].page == request.id else { return nil }
    destinations[i].page = nil
    destinations[i].pageNotBefore = nil
    return i
  }

  mutating func nextPage(of i: Int, at now: Moment) -> PageRequest? {
    guard destinations[i].isLive, destinations[i].page == nil else { return nil }
    guard let kind = nextPageKind(of: i, at: now) else { return nil }
    if kind == .lap, destinations[i].lap == nil { beginLap(i) }
    let tail = destinations[i].tail
    let after =
      switch kind {
      case .tail: tail.cursor
      case .lap: destinations[i].lap?.cursor
      case .ages(let walk): withAges(i) { ages, _ in ages.beginPage(of: walk) }
      }
    nextID += 1
    let request = PageRequest(
      grant: destinations[i].grant, origin: destinations[i].key.origin,
      after: after,
      limit: kind == .tail
        ? min(limits.page, limits.share(of: limits.fresh, hot: hot)) : limits.page,
      id: nextID, destination: i, kind: kind, askedAtMs: now.logMs,
      announcedUpTo: tail.announcedUpTo, moreCount: tail.moreCount)
    destinations[i].page = nextID
    destinations[i].lastPage = kind
    pagesUnderWay += 1
    return request
  }

  /// Each kind that is wanted gets on: none goes twice while another waits.
  private func nextPageKind(of i: Int, at now: Moment) -> PageRequest.Kind? {
    var wanted: [PageRequest.Kind] = []
    if let walk = dueAgesWalk(i, at: now) { wanted.append(.ages(walk)) }
    if wantsLap(i, at: now) { wanted.append(.lap) }
    if wantsTail(i) { wanted.append(.tail) }
    guard let last = destinations[i].lastPage.flatMap(wanted.firstIndex(of:)) else {
      return wanted.first
    }
    return wanted[(last + 1) % wanted.count]
  }

  /// No page is under way that could bring those that the store has recorded.
  mutating func forgetGone(_ i: Int) {
    destinations[i].ages.forgetGone { unrecorded[$0] == nil }
  }

  mutating func beginLap(_ i: Int) {
    var excluded: Set<MessageRef> = []
    destinations[i].queue.forEachRef { excluded.insert($0) }
    for (ref, flight) in flights where flight.destination == i && !flight.isOrphan {
      excluded.insert(ref)
    }
    if destinations[i].unrecorded > 0 {
      for (ref, outcome) in unrecorded where outcome.destination == i { excluded.insert(ref) }
    }
    destinations[i].lap = Lap(
      cursor: nil, end: destinations[i].tail.seenUpTo, excluded: excluded)
    destinations[i].queue.forgetColdMarks()
  }

  mutating func takeLapPage(_ page: PendingPage, in i: Int, at now: Moment) {
    guard let lap = destinations[i].lap else { return }
    destinations[i].lap?.cursor = page.next
    for entry in page.entries {
      guard entry.ref.number <= lap.end else { return finishLap(i, at: now) }
      if lap.excluded.contains(entry.ref) { continue }
      if destinations[i].ages.gone.contains(entry.ref) { continue }
      if let until = destinations[i].unreadable[entry.ref] {
        if until > now.monotonic {
          destinations[i].queue.leaveCold(due: until)
          continue
        }
        destinations[i].forgetUnreadable(entry.ref)
      }
      place(entry, in: i, lined: false, at: now)
    }
    if page.next == nil { finishLap(i, at: now) }
  }

  mutating func finishLap(_ i: Int, at now: Moment) {
    destinations[i].lap = nil
    if !destinations[i].lapAgain { destinations[i].queue.lapEnded() }
    destinations[i].dropExpiredUnreadable(at: now)
    if destinations[i].lapAgain {
      destinations[i].lapAgain = false
      destinations[i].queue.leaveCold(due: now.monotonic)
    }
  }
}
