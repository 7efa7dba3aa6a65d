import Testing

@testable import SegmentLog

@Suite("Sync times")
struct SyncTimesTests {
  @Test("of the syncs that are under way the longest is told once it takes five seconds")
  func hanging() {
    let second: UInt64 = 1_000_000_000
    var syncs = RunningSyncs()
    #expect(syncs.hanging(now: 0) == nil)
    let first = syncs.begin("wal-1", now: second)
    let other = syncs.begin("next.tmp", now: 2 * second)
    #expect(syncs.hanging(now: 6 * second - 1) == nil)
    #expect(syncs.hanging(now: 6 * second) == HangingSync(file: "wal-1", seconds: 5))
    syncs.end(first)
    #expect(syncs.hanging(now: 6 * second) == nil)
    #expect(syncs.hanging(now: 9 * second) == HangingSync(file: "next.tmp", seconds: 7))
    syncs.end(other)
    #expect(syncs.hanging(now: 99 * second) == nil)
  }

  @Test("each time falls into the first bucket that holds it")
  func buckets() {
    var times = SyncTimes()
    for nanoseconds in [50_000, 100_000, 100_001, 999_000_000, 5_000_000_000] as [UInt64] {
      times.add(nanoseconds: nanoseconds)
    }
    #expect(times.count == 5)
    #expect(times.nanoseconds == 5_999_250_001)
    #expect(times.histogram == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    #expect(times.histogram.count == LogMetrics.syncBucketsMs.count + 1)
  }
}
