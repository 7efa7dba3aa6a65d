/// When the next checkpoint is due, and which two count. Pure: time is passed in, milliseconds by the
/// wall clock.
struct CheckpointSchedule {
  /// So much log is read again at a start, or four times what a checkpoint takes.
  static let logBytes: UInt64 = 64 << 20
  static let changedMs: UInt64 = 30_000
  /// A log that comes to rest is written down.
  static let quietMs: UInt64 = 1_000
  /// One that rests and stirs again and again is not written down each time.
  static let quietPauseMs: UInt64 = 5_000
  static let retryMs: UInt64 = 10_000
  /// A large checkpoint is not written more often than this makes of it.
  static let bytesPerMs: UInt64 = 8 << 10

  /// The checkpoints that a start may begin from, newest first, two at most.
  private(set) var kept: [KeptCheckpoint] = []
  private(set) var isRunning = false
  private(set) var nextNumber: UInt64
  /// Since the position of the last one.
  private var logged: UInt64 = 0
  private(set) var hasChanged: Bool
  private var lastChangeAtMs: UInt64
  /// When the last one was begun; nil before the first one of this run.
  private var lastAtMs: UInt64?
  private let startedAtMs: UInt64
  private(set) var lastBytes: UInt64 = 0
  private var failedAtMs: UInt64?
  /// Another one, even without changes, lets files go.
  var letsFilesGo = false

  init(kept: [KeptCheckpoint], nextNumber: UInt64, hasChanged: Bool, nowMs: UInt64) {
    self.kept = kept
    self.nextNumber = nextNumber
    self.hasChanged = hasChanged
    lastChangeAtMs = nowMs
    startedAtMs = nowMs
  }

  /// A frame became durable.
  mutating func wrote(bytes: Int, records: Int, nowMs: UInt64) {
    logged += UInt64(bytes)
    guard records > 0 else { return }
    hasChanged = true
    lastChangeAtMs = nowMs
  }

  /// Damage was found, which a start must know of.
  mutating func learned(nowMs: UInt64) {
    hasChanged = true
    lastChangeAtMs = nowMs
  }

  /// The log goes on in another segment.
  mutating func rotated() { hasChanged = true }

  func dueMs(nowMs: UInt64) -> UInt64? {
    guard !isRunning, hasChanged || letsFilesGo else { return nil }
    var due = after(Self.quietMs, since: lastChangeAtMs, nowMs)
    if let lastAtMs {
      if hasChanged {
        due = min(
          max(due, after(Self.quietPauseMs, since: lastAtMs, nowMs)),
          after(Self.changedMs, since: lastAtMs, nowMs))
      }
      if logged >= max(Self.logBytes, lastBytes * 4) { due = nowMs }
      due = max(due, after(lastBytes / Self.bytesPerMs, since: lastAtMs, nowMs))
    } else if logged >= Self.logBytes {
      due = nowMs
    } else if hasChanged {
      // A log that never rests must not wait for ever for its first one.
      due = min(due, after(Self.changedMs, since: startedAtMs, nowMs))
    }
    return failedAtMs.map { max(due, after(Self.retryMs, since: $0, nowMs)) } ?? due
  }

  /// A clock that went back behind the start ends the wait.
  private func after(_ wait: UInt64, since start: UInt64, _ nowMs: UInt64) -> UInt64 {
    start > nowMs ? nowMs : start.addingCapped(wait)
  }

  /// One is begun now; returns its number.
  mutating func begin(nowMs: UInt64) -> UInt64 {
    precondition(!isRunning, "one checkpoint is written at a time")
    isRunning = true
    lastAtMs = nowMs
    logged = 0
    hasChanged = false
    defer { nextNumber += 1 }
    return nextNumber
  }

  mutating func written(_ checkpoint: KeptCheckpoint, bytes: UInt64) {
    isRunning = false
    failedAtMs = nil
    lastBytes = bytes
    kept.insert(checkpoint, at: 0)
    if kept.count > 2 { kept.removeLast() }
  }

  /// Without `waits` the next try is due at once.
  mutating func failed(nowMs: UInt64, waits: Bool = true) {
    isRunning = false
    failedAtMs = waits ? nowMs : nil
    if !waits { lastAtMs = nil }
    hasChanged = true
  }
}
