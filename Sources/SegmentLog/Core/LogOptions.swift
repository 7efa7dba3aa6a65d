/// How a log is opened. Everything random is passed in, so that a test can drive it.
package struct LogOptions: Sendable {
  package enum OnDamage: String, Sendable, CaseIterable {
    /// Nothing new is taken; what is there is read, delivered and finished.
    case drain
    /// The log isn't opened.
    case refuse
    /// The undamaged rest is served as usual.
    case proceed = "continue"
  }

  /// Bytes of a segment file. A frame that is larger gets a file of its own size.
  package var segmentSize: UInt64
  /// How long after its acceptance a message's UUID is remembered when it has ended.
  package var dedupWindowMs: UInt64
  /// How many ended messages the duplicate check remembers; the oldest are forgotten early.
  package var dedupMax: Int
  /// How many of the latest messages are remembered in memory (48 bytes each) after their segment
  /// was dropped; older ones are known as long as their segment stands.
  package var recentMax: Int
  package var onDamage: OnDamage
  /// All files are read once in this time, to find what can't be read before it is needed; 0 = never.
  package var verifyEveryMs: UInt64 = 0
  /// The identity of a store that is created now: random.
  package var newStore: StoreUUID
  /// Where the salts of new segments come from.
  package var saltSeed: UInt64
  /// Whether a start reads several files at once, on as many threads as there are cores. Not where
  /// the disk's operations must come in the same order each time.
  package var readsInParallel = true

  package init(
    segmentSize: UInt64 = 64 << 20, dedupWindowMs: UInt64 = 86_400_000, dedupMax: Int = 10_000_000,
    recentMax: Int = 1 << 18,
    onDamage: OnDamage = .drain, newStore: StoreUUID, saltSeed: UInt64
  ) {
    self.segmentSize = segmentSize
    self.dedupWindowMs = dedupWindowMs
    self.dedupMax = dedupMax
    self.recentMax = recentMax
    self.onDamage = onDamage
    self.newStore = newStore
    self.saltSeed = saltSeed
  }
}

/// What the duplicate check remembers, for who opens a log without serving it: it must be what the
/// server is given, since what is beyond it is forgotten for good.
package struct DuplicateLimits: Sendable, Equatable {
  package var windowMs: UInt64
  package var countMax: Int

  package init(windowMs: UInt64 = 86_400_000, countMax: Int = 10_000_000) {
    self.windowMs = windowMs
    self.countMax = countMax
  }
}
