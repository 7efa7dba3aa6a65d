import HeapModule

/// When the messages of one destination reach their limit of time, without an entry for each of
/// them: lower bounds, and where a walk through the store goes on. Times are of the wall clock,
/// milliseconds since 1970.
///
/// - What is in memory has one bound; when it is due, memory is looked through.
/// - What was left in the store and has the common limit expires in the order of acceptance: a walk
///   goes forward from the oldest and stops at the first that is too young, so that each message is
///   passed once.
/// - What was left in the store and expires out of that order (a limit of its own, or it was delayed
///   and the walk has passed it) stands in a heap as long as there is room. For the rest there is
///   one bound, and a walk through all when it is due.
struct AgeMarks {
  /// Expires out of the order of acceptance; known by its number alone.
  struct Outlier: Comparable {
    var expiryMs: UInt64
    var message: Waiting

    /// Of two entries for one message the one with more attempts is the newer one.
    static func < (a: Outlier, b: Outlier) -> Bool {
      (a.expiryMs, a.message.ref.number, b.message.attempts)
        < (b.expiryMs, b.message.ref.number, a.message.attempts)
    }
    static func == (a: Outlier, b: Outlier) -> Bool { !(a < b) && !(b < a) }
  }

  enum Walk: UInt8, Sendable {
    /// From the oldest to the first that is too young.
    case common
    /// Through all, for those that expire out of order.
    case outliers
  }

  /// What the schedule allows.
  struct Room {
    /// The limit of messages without one of their own, ms; 0 = none.
    var commonMs: UInt64
    /// Outliers that may be known one by one.
    var outliers: Int
  }

  @CompactNumber private(set) var memoryDueMs: UInt64?
  @CompactNumber private(set) var commonDueMs: UInt64?
  /// None or one: most destinations never need it, and there may be very many.
  private var details: [Details] = []

  private struct Details {
    @CompactNumber var outlierDueMs: UInt64?
    var outliers: Heap<Outlier> = []
    var outlierWalk: OutlierWalk?
    /// Where the common walk goes on.
    var commonCursor: Cursor?
    /// What stands up to here has been passed by the common walk.
    var passedUpTo: UInt64 = 0
    @CompactTime var lookAt: Duration?
    @CompactTime var walkAt: Duration?
    var gone: Set<MessageRef> = []
  }

  private struct OutlierWalk {
    var cursor: Cursor?
  }

  private mutating func withDetails<T>(_ body: (inout Details) -> T) -> T {
    if details.isEmpty { details.append(Details()) }
    return body(&details[0])
  }

  /// Something is noted of messages in the store.
  var knowsOfStore: Bool { commonDueMs != nil || !details.isEmpty }

  var outlierCount: Int { details.first?.outliers.count ?? 0 }

  /// No look through memory before this.
  var lookAt: Duration? {
    get { details.first?.lookAt }
    set { withDetails { $0.lookAt = newValue } }
  }
  /// No page of a walk before this.
  var walkAt: Duration? {
    get { details.first?.walkAt }
    set { withDetails { $0.walkAt = newValue } }
  }

  /// Ended without an attempt, and a page that is under way may still bring them.
  var gone: Set<MessageRef> { details.first?.gone ?? [] }

  mutating func ended(_ ref: MessageRef) { withDetails { _ = $0.gone.insert(ref) } }

  /// No page can bring them any more.
  mutating func forgetGone(where isOver: (MessageRef) -> Bool) {
    if gone.isEmpty { return }
    details[0].gone = details[0].gone.filter { !isOver($0) }
  }

  mutating func forgetGone(_ ref: MessageRef) {
    if !gone.isEmpty { details[0].gone.remove(ref) }
  }

  mutating func inMemory(_ expiryMs: UInt64?) {
    guard let expiryMs else { return }
    memoryDueMs = min(memoryDueMs ?? expiryMs, expiryMs)
  }

  /// Memory was looked through: its earliest expiry is known.
  mutating func lookedThroughMemory(earliestMs: UInt64?) { memoryDueMs = earliestMs }

  mutating func leftInStore(_ message: Waiting, _ room: Room) {
    guard let expiryMs = message.expiryMs(common: room.commonMs) else { return }
    if message.maxAgeMs == nil, !hasPassed(message.ref.number) {
      commonDueMs = min(commonDueMs ?? expiryMs, expiryMs)
      return
    }
    withDetails { details in
      details.outliers.insert(Outlier(expiryMs: expiryMs, message: message))
      guard details.outliers.count > room.outliers, let last = details.outliers.popMax() else {
        return
      }
      details.outlierDueMs = min(details.outlierDueMs ?? last.expiryMs, last.expiryMs)
    }
  }

  /// Messages that nobody has seen one by one wait in the store.
  /// - Parameter earliestOwnMs: when the first of those expires that have a limit of their own.
  mutating func moreInStore(earliestOwnMs: UInt64?, _ room: Room) {
    if commonDueMs == nil, room.commonMs != 0 { commonDueMs = 0 }
    guard let earliestOwnMs else { return }
    withDetails { $0.outlierDueMs = min($0.outlierDueMs ?? earliestOwnMs, earliestOwnMs) }
  }

  /// Nothing of this destination is left in the store.
  mutating func storeIsEmpty() {
    commonDueMs = nil
    guard !details.isEmpty else { return }
    (details[0].outlierDueMs, details[0].outlierWalk) = (nil, nil)
    if !details[0].outliers.isEmpty { details[0].outliers = [] }
  }

  /// The next outlier whose time is over.
  mutating func popOutlier(cutMs: UInt64) -> Waiting? {
    guard let first = details.first?.outliers.min, first.expiryMs <= cutMs else { return nil }
    return details[0].outliers.removeMin().message
  }

  /// What the store must be asked for.
  func dueWalk(cutMs: UInt64) -> Walk? {
    if let details = details.first,
      details.outlierWalk != nil || details.outlierDueMs.map({ $0 <= cutMs }) == true
    {
      return .outliers
    }
    return commonDueMs.map { $0 <= cutMs } == true ? .common : nil
  }

  /// When something known one by one expires.
  var lookDueMs: UInt64? {
    guard let outlier = details.first?.outliers.min?.expiryMs else { return memoryDueMs }
    return min(memoryDueMs ?? outlier, outlier)
  }
  /// When a walk is due.
  var walkDueMs: UInt64? {
    guard let details = details.first else { return commonDueMs }
    if details.outlierWalk != nil { return 0 }
    guard let outlierDueMs = details.outlierDueMs else { return commonDueMs }
    return min(commonDueMs ?? outlierDueMs, outlierDueMs)
  }

  /// - Returns: after which cursor the walk's next page begins.
  mutating func beginPage(of walk: Walk) -> Cursor? {
    withDetails { details in
      guard walk == .outliers else { return details.commonCursor }
      if details.outlierWalk == nil {
        details.outlierWalk = OutlierWalk()
        details.outlierDueMs = nil
        details.outliers = []
      }
      return details.outlierWalk?.cursor
    }
  }

  func hasPassed(_ number: UInt64) -> Bool { number <= details.first?.passedUpTo ?? 0 }

  /// The common walk came by a message that was accepted so long ago that it is over, unless it was
  /// delayed or has a limit of its own.
  mutating func pass(_ message: Waiting, isOver: Bool, _ room: Room) {
    withDetails { $0.passedUpTo = max($0.passedUpTo, message.ref.number) }
    if message.maxAgeMs == nil, !isOver { leftInStore(message, room) }
  }

  /// - Parameter dueMs: when the first message expires that was not passed, or that may still come;
  ///   nil = the walk goes on behind `next`.
  mutating func finishCommonPage(next: Cursor?, dueMs: UInt64?) {
    if dueMs == nil { withDetails { $0.commonCursor = next } }
    commonDueMs = dueMs ?? 0
  }

  /// The walk through all came by a message that has time left.
  mutating func keep(_ message: Waiting, _ room: Room) {
    if message.maxAgeMs != nil || hasPassed(message.ref.number) { leftInStore(message, room) }
  }

  mutating func finishOutlierPage(next: Cursor?) {
    withDetails { $0.outlierWalk = next.map { OutlierWalk(cursor: $0) } }
  }
}
