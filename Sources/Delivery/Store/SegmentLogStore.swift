import Logging
import SegmentLog
import Synchronization

/// The embedded store: a `RunningLog` behind the `MessageStore` border. One lane, granted for life.
package final class SegmentLogStore: MessageStore {
  package struct Options: Sendable {
    /// Bytes of a segment file.
    package var segmentSize: UInt64 = 64 << 20
    /// How long the UUID of a message that has ended is remembered, from its acceptance.
    package var dedupWindow: Duration = .seconds(24 * 3_600)
    /// How many ended messages that memory holds.
    package var dedupMax = 10_000_000
    package var onDamage: LogOptions.OnDamage = .drain
    /// All files of the log are read once in this time; zero = never.
    package var verifyEvery: Duration = .seconds(24 * 3_600)
    /// What may wait for the writer: beyond it `full`.
    package var waitingMessages = 8_192
    package var waitingBytes = 64 << 20
    /// How long outcomes without hurry wait for a commit to ride on.
    package var lazyDelay: Duration = .milliseconds(250)
    /// Arrivals that are announced one by one before `more` stands for the rest.
    package var arrivalWindow = 8_192
    /// Payloads of new messages that are kept at hand.
    package var bodyCacheBytes = 64 << 20
    package init() {}
  }

  static let grant = LaneGrant(lane: 0, epoch: 1)

  let log: RunningLog
  let feed: StoreFeed
  /// With the log's own time.
  package let clock: any Clock
  let logger: Logger
  let storeUUID: StoreUUID
  private let readOnly: ReadOnly

  /// Why nothing new is taken, and what to do; nil when all is well.
  package var isReadOnly: String? { readOnly.reason }

  private init(
    _ opened: RunningLog.Opened, feed: StoreFeed, readOnly: ReadOnly, clock: any Clock,
    logger: Logger
  ) {
    log = opened.log
    storeUUID = opened.store
    self.readOnly = readOnly
    self.feed = feed
    self.clock = clock
    self.logger = logger
  }

  /// Takes the directory's lock and recovers what stands in it, on a thread of its own.
  ///
  /// `onFailure` is called once, on a thread of the log, when it can't go on: everything that waited
  /// was answered, everything later is refused, and only a new process can recover. `onDamage` is
  /// called there, too, with what the running log finds that can't be read, and with the reason why
  /// nothing new is taken from then on (nil: it is).
  package static func open(
    directory: String, options: Options = Options(), clock: any Clock = SystemClock(),
    listeners: [String] = [], logger: Logger, onFailure: @escaping @Sendable (LogFailure) -> Void,
    onDamage: @escaping @Sendable (LogNews, String?) -> Void = { _, _ in }
  ) async throws(LogOpenError) -> (SegmentLogStore, RecoveryReport) {
    try await open(
      options: options, clock: clock, logger: logger, onFailure: onFailure, onDamage: onDamage
    ) { () throws(LogOpenError) in
      try LogDirectory(path: directory, listeners: listeners)
    }
  }

  /// The same over any disk, for tests.
  package static func open(
    options: Options, clock: any Clock, logger: Logger,
    onFailure: @escaping @Sendable (LogFailure) -> Void,
    onDamage: @escaping @Sendable (LogNews, String?) -> Void = { _, _ in },
    directory: @escaping @Sendable () throws(LogOpenError) -> LogDirectory
  ) async throws(LogOpenError) -> (SegmentLogStore, RecoveryReport) {
    var cache = BodyCache.Limits()
    cache.bytes = options.bodyCacheBytes
    let clock = StoreClock(clock)
    let feed = StoreFeed(arrivalWindow: options.arrivalWindow, bodies: cache, clock: clock)
    let readOnly = ReadOnly()
    let observer = RunningLog.Observer(
      committed: { feed.committed($0, atMs: $1) },
      failed: { failure in
        feed.close()
        onFailure(failure)
      },
      space: { level in
        feed.spaceIs(level)
        Self.log(level, logger)
      },
      checkpoints: { Self.log(checkpoints: $0, logger) },
      found: { news, reason in
        readOnly.set(reason?.readOnlyReason)
        onDamage(news, reason?.readOnlyReason)
      })
    let opened = try await RunningLog.open(
      options.settings, machine: { clock.machineTime() }, observer: observer,
      directory: directory)
    clock.begin(opened.clock)
    feed.begin(opened.backlog)
    readOnly.begin(opened.readOnlyReason?.readOnlyReason)
    let store = SegmentLogStore(
      opened, feed: feed, readOnly: readOnly, clock: clock, logger: logger)
    return (store, opened.report)
  }

  private static func log(_ level: SpaceLevel, _ logger: Logger) {
    switch level {
    case .enough: logger.notice("the disk has room again: new messages are taken")
    case .low:
      logger.warning(
        "the disk is nearly full: new messages are refused with 503, deliveries go on")
    case .scarce:
      logger.error(
        """
        the disk is full and half of the log's reserve is used: new messages are refused with 503, \
        and only destinations that don't fail are delivered to
        """)
    }
  }

  private static func log(checkpoints failure: DiskError?, _ logger: Logger) {
    guard let failure else {
      return logger.notice("checkpoints can be written again: finished segments are dropped")
    }
    logger.error(
      """
      no checkpoint can be written: nothing is lost by that, but finished segments are not dropped, \
      and the next start reads more of the log; it is tried again every ten seconds
      """, metadata: ["error": "\(failure)"])
  }

  package func nextEvents() async -> [StoreEvent] { await feed.nextEvents() }

  package func counts() async -> StoreCounts { StoreCounts(log.totals) }

  /// What waits is written and answered first, then the log is sealed and its threads end.
  package func close() async {
    await log.close()
    feed.close()
  }
}

/// Set on the log's thread, read from anywhere: a `Mutex`, held for an assignment.
private final class ReadOnly: Sendable {
  private let state = Mutex<String?>(nil)
  var reason: String? { state.withLock { $0 } }
  func set(_ reason: String?) { state.withLock { $0 = reason } }
  /// What the start found; the log may have found more since.
  func begin(_ reason: String?) { state.withLock { $0 = $0 ?? reason } }
}

/// What only this store has: the log itself.
extension SegmentLogStore {
  package func overview() async throws(StoreError) -> LogOverview {
    var overview = try await asking { () async throws(LogRejection) in
      try await log.ask { $0.overview() }
    }
    for index in overview.segments.indices {
      let segment = overview.segments[index]
      overview.segments[index].firstAtMs = segment.firstAtMs.map(clock.wallMs(ofLogMs:))
      overview.segments[index].lastAtMs = segment.lastAtMs.map(clock.wallMs(ofLogMs:))
    }
    return overview
  }

  package func compactionPreview() async throws(StoreError) -> CompactionPreview {
    try await asking { () async throws(LogRejection) in try await log.compactionPreview() }
  }

  package func compact() async throws(StoreError) -> CompactionReport {
    try await asking { () async throws(LogRejection) in try await log.compact() }
  }

  package func metrics() -> LogMetrics {
    var metrics = log.metrics()
    let verified = metrics.verification.completedAtMs
    metrics.verification.completedAtMs = verified.map(clock.wallMs(ofLogMs:))
    return metrics
  }
}

extension SegmentLogStore.Options {
  fileprivate var settings: RunningLog.Settings {
    var random = SystemRandomNumberGenerator()
    var settings = RunningLog.Settings(
      log: LogOptions(
        segmentSize: segmentSize, dedupWindowMs: dedupWindow.wholeMilliseconds,
        dedupMax: dedupMax, onDamage: onDamage,
        newStore: StoreUUID(high: random.next(), low: random.next()), saltSeed: random.next()))
    settings.log.verifyEveryMs = verifyEvery.wholeMilliseconds
    settings.waitingMessages = waitingMessages
    settings.waitingBytes = waitingBytes
    settings.lazyDelay = lazyDelay
    return settings
  }
}

extension Duration {
  /// Never negative, and ten thousand years at most.
  fileprivate var wholeMilliseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(min(seconds, 315_576_000_000)) * 1_000
      + UInt64(attoseconds / 1_000_000_000_000_000)
  }
}
