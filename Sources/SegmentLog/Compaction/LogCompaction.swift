/// Looking at what a compaction of a stopped server's log would do. The caller holds its lock.
package enum LogCompaction {
  /// Nothing is changed: what a start would write is written nowhere.
  package static func preview(
    _ disk: any Disk, remembering: DuplicateLimits = DuplicateLimits(), nowMs: UInt64
  ) throws(LogError) -> CompactionPreview {
    var random = SystemRandomNumberGenerator()
    let options = LogOptions(
      segmentSize: 256 << 10, dedupWindowMs: remembering.windowMs, dedupMax: remembering.countMax,
      newStore: StoreUUID(high: random.next(), low: random.next()),
      saltSeed: random.next())
    let (core, _) = try LogCore.open(disk: DryDisk(over: disk), options: options, nowMs: nowMs)
    return core.compactionPreview(present: (0, 0), nowMs: nowMs)
  }
}
