/// What stands between one path of a destination and its next call, or between the destination as a
/// whole and its next call. It exists only while there is trouble; its messages that could run
/// otherwise wait in it, so that those of other paths are found without going past them.
///
/// It opens after so many failures in a row that the path must be taken for dead. Then the path is
/// probed with one message at a time, ever more rarely: else every message of a backlog would soon
/// have been tried, and each one that was tried costs memory and a record in the log.
struct Circuit {
  /// Troubles in a row that open it.
  static let troublesMax: UInt8 = 5
  /// Failures of any kind in a row that open it: an answer of 500 or 404 may be about one message,
  /// twenty without a success in between are not.
  static let failuresMax: UInt8 = 20
  /// Failures in a row after which a success is a recovery.
  private static let fewFailures: UInt8 = 3
  /// Seconds before the first probe; they double with each that fails. A message that is alone there
  /// waits longer by itself, as long as the retry schedule is the default.
  static let probeWaitMin: UInt8 = 2
  static let probeWaitMax: UInt8 = 60
  /// Calls at once from which on they are not counted any more.
  private static let windowMax: UInt16 = 64

  /// See `PathKey`.
  let path: UInt32
  var parked = ParkedMessages()
  private(set) var inFlight = 0
  private(set) var pace = Pace()
  /// Since the last answer.
  private var troubles: UInt8 = 0
  /// Since the last success.
  private var failures: UInt8 = 0
  /// Seconds; 0 = it is closed.
  private var probeWait: UInt8 = 0
  /// Calls at once; the largest number = any.
  private var window = UInt16.max
  private var successes: UInt16 = 0
  private var windowID: UInt64 = 0
  @CompactTime private var probeAt: Duration?
  /// Silence that was asked for.
  @CompactTime private var silentUntil: Duration?

  init(path: UInt32) { self.path = path }

  var isOpen: Bool { probeWait != 0 }

  func isFailing(at now: Duration) -> Bool {
    isOpen || failures > 0 || (silentUntil ?? .zero) > now
  }

  /// Its next call has to wait for this time at least; nil = for none.
  func opensAt(_ now: Duration) -> Duration? {
    let times = [probeAt, silentUntil, pace.opensAt].compactMap { $0 }.filter { $0 > now }
    return times.max()
  }

  func mayStart(at now: Duration) -> Bool {
    inFlight < (isOpen ? 1 : Int(window)) && !isHeld(at: now)
  }

  private func isHeld(at now: Duration) -> Bool {
    (probeAt ?? .zero) > now || (silentUntil ?? .zero) > now || (pace.opensAt ?? .zero) > now
  }

  /// Nothing is left that would make a difference.
  func isOver(at now: Duration) -> Bool {
    inFlight == 0 && parked.isOver(at: now) && !isOpen && troubles == 0 && failures == 0
      && window == .max && pace.isOff && (silentUntil ?? .zero) <= now
  }

  mutating func began(at now: Duration) {
    inFlight += 1
    pace.began(at: now)
  }

  mutating func uncount() { inFlight -= 1 }

  mutating func keepSilent(until time: Duration) {
    silentUntil = max(silentUntil ?? .zero, time)
  }

  /// - Returns: whether it is seen to work again.
  mutating func learn(_ end: CallEnd) -> Bool {
    switch end.signal.health {
    case .success: return succeeded(end)
    case .answered: answered(end)
    case .limited: wasLimited(end)
    case .trouble, .unreachable: failed(end, isTrouble: true)
    case .failed: failed(end, isTrouble: false)
    case .neutral: break
    }
    return false
  }

  private mutating func succeeded(_ end: CallEnd) -> Bool {
    let recovers = isOpen || failures >= Self.fewFailures
    (troubles, failures) = (0, 0)
    if isOpen { close(end) }
    grow(end)
    pace.ended(well: end.id, at: end.now, after: end.latestID)
    return recovers
  }

  private mutating func answered(_ end: CallEnd) {
    troubles = 0
    if end.isRetried { failures = min(failures + 1, Self.failuresMax) }
    if failures == Self.failuresMax {
      open(end, doubling: end.isRetried)
    } else if isOpen {
      close(end)
    }
  }

  private mutating func wasLimited(_ end: CallEnd) {
    troubles = 0
    if isOpen, failures < Self.failuresMax { close(end) }
    guard pace.wasLimited(end.id, at: end.now, after: end.latestID) else { return }
    window = max(1, min(window, UInt16(clamping: inFlight + 1)) / 2)
    (successes, windowID) = (0, end.latestID)
  }

  private mutating func failed(_ end: CallEnd, isTrouble: Bool) {
    failures = min(failures + 1, Self.failuresMax)
    if isTrouble { troubles = min(troubles + 1, Self.troublesMax) }
    if isOpen || troubles == Self.troublesMax || failures == Self.failuresMax {
      open(end, doubling: true)
    }
  }

  private mutating func open(_ end: CallEnd, doubling: Bool) {
    // Calls that had begun before it opened say nothing new.
    if let probeAt, end.now < probeAt { return }
    if probeWait == 0 {
      probeWait = Self.probeWaitMin
    } else if doubling {
      probeWait = min(probeWait * 2, Self.probeWaitMax)
    }
    probeAt = end.now + .seconds(Int64(probeWait))
  }

  /// What waits comes softly: one call, then twice as many per round trip.
  private mutating func close(_ end: CallEnd) {
    (troubles, probeWait, probeAt) = (0, 0, nil)
    (window, successes) = (1, 0)
    pace.startSoftly(at: end.now, after: end.latestID)
  }

  private mutating func grow(_ end: CallEnd) {
    guard window != .max, end.id > windowID else { return }
    successes += 1
    guard !pace.isCautious || successes >= window else { return }
    successes = 0
    window = window < Self.windowMax ? window + 1 : .max
  }
}

/// A call that ended, as circuits look at it.
struct CallEnd {
  let signal: DestinationSignal
  /// Of the call; later ones have larger numbers.
  let id: UInt64
  /// The latest call that has begun by now.
  let latestID: UInt64
  /// Its message failed and will be tried again.
  let isRetried: Bool
  /// Its message had failed before.
  let hadFailed: Bool
  let now: Duration
}
