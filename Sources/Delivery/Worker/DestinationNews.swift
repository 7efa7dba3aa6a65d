/// What a person has to hear of destinations: that one is broken, that it still is, that it is back;
/// and which messages die, without a line for each of thousands.
///
/// A pure core. It is told of every attempt and looked at once a second while there is anything to
/// watch. A destination is broken when it failed five times without a success in between, and for a
/// second at least, so that one that flickers is no news. While one of its paths is dead the success
/// of another is none.
struct DestinationNews {
  enum Item: Sendable, Equatable {
    case broke(Origin, failures: UInt32, isPartly: Bool, lastError: String)
    case stillBroken(Origin, since: Duration, lastError: String)
    case back(Origin, after: Duration)
    /// Changes of so many destinations had no line of their own.
    case others(broke: Int, back: Int)
    /// So many messages died without a line of their own; `nil` = at many destinations.
    case othersDied(Origin?, Int, lastError: String)
    /// It ended the process again and again.
    case heldBack(MessageRef, Origin)
  }

  /// Failures in a row of a broken destination.
  static let failuresMin: UInt32 = 5
  private static let failingFor: Duration = .seconds(1)
  /// Between two lines about one destination that is broken.
  private static let reminder: Duration = .seconds(600)
  /// Failing destinations that are watched; more are not told of.
  private static let outagesMax = 16_384
  /// What is forgotten when nothing more was heard of it: its messages may be over.
  private static let staleAfter: Duration = .seconds(2 * 3600)
  /// Lines about destinations in ten seconds.
  private static let changesMax = 10
  private static let changesWindow: Duration = .seconds(10)
  /// Lines about dead messages in a minute: of one destination, of all, and destinations told apart.
  private static let deathsMax = 5
  private static let allDeathsMax = 50
  private static let deathsWindow: Duration = .seconds(60)
  private static let placesMax = 100

  private struct Outage {
    var failures: UInt32 = 0
    var began: Duration
    var last: Duration
    var lastError = ""
    /// When to tell of it next; nil = it is not broken yet.
    var nextLine: Duration?

    mutating func failed(_ error: String, _ standing: Scheduler.Standing, at now: Moment) {
      failures &+= 1
      // A success of another path may have ended the count.
      if standing == .dead { failures = max(failures, DestinationNews.failuresMin) }
      (last, lastError) = (now.monotonic, error)
    }
  }

  private struct Deaths {
    var lines = 0
    var untold = 0
    var lastError = ""
  }

  private var outages: [Origin: Outage] = [:]
  private var changes: [Item] = []
  private var changesTold = 0
  private var untold = (broke: 0, back: 0)
  private var changesUntil: Duration?

  private var deaths: [Origin?: Deaths] = [:]
  private var deathsTold = 0
  private var deathsUntil: Duration?

  private(set) var brokenCount = 0

  /// There is nothing to look at.
  var isQuiet: Bool {
    outages.isEmpty && changes.isEmpty && changesUntil == nil && deathsUntil == nil
  }

  /// - Parameter standing: after this attempt.
  /// - Returns: whether the outcome of this attempt gets a line.
  mutating func heard(
    _ verdict: Verdict, of origin: Origin, standing: @autoclosure () -> Scheduler.Standing,
    at now: Moment
  ) -> Bool {
    switch verdict {
    case .delivered:
      if outages[origin] != nil, standing() == .works { succeeded(origin, at: now) }
    case .retry(_, let note): failed(origin, note.error, standing: standing(), at: now)
    case .dead(let note): return died(origin, note.error, at: now)
    case .interrupted, .postponed: break
    }
    return false
  }

  mutating func succeeded(_ origin: Origin, at now: Moment) {
    guard let outage = outages.removeValue(forKey: origin), outage.nextLine != nil else { return }
    brokenCount -= 1
    changes.append(.back(origin, after: now.monotonic - outage.began))
  }

  mutating func failed(
    _ origin: Origin, _ error: String, standing: Scheduler.Standing, at now: Moment
  ) {
    guard outages[origin] != nil || outages.count < Self.outagesMax else { return }
    let new = Outage(began: now.monotonic, last: now.monotonic)
    outages[origin, default: new].failed(error, standing, at: now)
  }

  /// - Returns: whether this one gets a line.
  mutating func died(_ origin: Origin, _ error: String, at now: Moment) -> Bool {
    if deathsUntil == nil { deathsUntil = now.monotonic + Self.deathsWindow }
    let place = deaths[origin] != nil || deaths.count < Self.placesMax ? origin : nil
    if deathsTold < Self.allDeathsMax, deaths[place, default: Deaths()].lines < Self.deathsMax {
      deathsTold += 1
      deaths[place, default: Deaths()].lines += 1
      return true
    }
    deaths[place, default: Deaths()].untold += 1
    deaths[place]?.lastError = error
    return false
  }

  /// Always told: there are few of them.
  mutating func heldBack(_ ref: MessageRef, of origin: Origin) {
    changes.append(.heldBack(ref, origin))
  }

  /// Nothing of it waits any more.
  mutating func isOver(_ origin: Origin) {
    if outages.removeValue(forKey: origin)?.nextLine != nil { brokenCount -= 1 }
  }

  /// What is to be told now.
  mutating func look(
    at now: Moment, standing: (Origin) -> Scheduler.Standing
  ) -> [Item] {
    for (origin, outage) in outages { look(at: outage, of: origin, now, standing) }
    var items: [Item] = []
    for change in changes { tell(change, in: &items, now) }
    changes = []
    if let end = changesUntil, end <= now.monotonic {
      if untold != (0, 0) { items.append(.others(broke: untold.broke, back: untold.back)) }
      (changesUntil, changesTold, untold) = (nil, 0, (0, 0))
    }
    if let end = deathsUntil, end <= now.monotonic {
      for (origin, deaths) in deaths.sorted(by: { $0.value.untold > $1.value.untold })
      where deaths.untold > 0 {
        items.append(.othersDied(origin, deaths.untold, lastError: deaths.lastError))
      }
      (deathsUntil, deathsTold, deaths) = (nil, 0, [:])
    }
    return items
  }

  private mutating func look(
    at outage: Outage, of origin: Origin, _ now: Moment,
    _ standing: (Origin) -> Scheduler.Standing
  ) {
    guard let nextLine = outage.nextLine else {
      if outage.failures >= Self.failuresMin, outage.began + Self.failingFor <= now.monotonic {
        brokenCount += 1
        outages[origin]?.nextLine = now.monotonic + Self.reminder
        changes.append(
          .broke(
            origin, failures: outage.failures, isPartly: standing(origin) == .partlyDead,
            lastError: outage.lastError))
      } else if outage.last + Self.staleAfter <= now.monotonic {
        outages[origin] = nil
      }
      return
    }
    guard nextLine <= now.monotonic else { return }
    outages[origin]?.nextLine = now.monotonic + Self.reminder
    changes.append(
      .stillBroken(
        origin, since: now.monotonic - outage.began, lastError: outage.lastError))
  }

  private mutating func tell(_ change: Item, in items: inout [Item], _ now: Moment) {
    if case .heldBack = change { return items.append(change) }
    if changesUntil == nil { changesUntil = now.monotonic + Self.changesWindow }
    if changesTold < Self.changesMax {
      changesTold += 1
      return items.append(change)
    }
    switch change {
    case .back: untold.back += 1
    default: untold.broke += 1
    }
  }
}
