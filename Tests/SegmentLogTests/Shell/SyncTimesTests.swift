import Testing

@testable import SegmentLog

@Suite("Sync times")
struct SyncTimesTests {
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
