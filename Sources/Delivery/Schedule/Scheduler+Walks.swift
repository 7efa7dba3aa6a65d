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
    let wantsTail = wantsTail(i)
    let wantsLap = wantsLap(i, at: now)
    guard wantsTail || wantsLap else { return nil }
    let isLap = wantsLap && (!wantsTail || !destinations[i].lastPageWasLap)
    if isLap, destinations[i].lap == nil { beginLap(i) }
    let tail = destinations[i].tail
    nextID += 1
    let request = PageRequest(
      grant: destinations[i].grant, origin: destinations[i].key.origin,
      after: isLap ? destinations[i].lap?.cursor : tail.cursor,
      limit: isLap ? limits.page : min(limits.page, limits.share(of: limits.fresh, hot: hot)),
      id: nextID, destination: i, isLap: isLap,
      announcedUpTo: tail.announcedUpTo, moreCount: tail.moreCount)
    destinations[i].page = nextID
    destinations[i].lastPageWasLap = isLap
    pagesUnderWay += 1
    return request
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
