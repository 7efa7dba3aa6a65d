import Testing

@testable import SegmentLog

@Suite("When the disk counts as full")
struct SpaceWatchTests {
  private static let gigabyte: UInt64 = 1 << 30

  private func watch(
    segment: UInt64 = 64 << 20, total: UInt64, available: UInt64
  ) -> SpaceWatch {
    var watch = SpaceWatch(segmentSize: segment)
    watch.looked(DiskSpace(totalBytes: total, availableBytes: available), atMs: 0)
    return watch
  }

  @Test("the mark is 5 % of the file system, and four segments at least")
  func mark() {
    #expect(watch(total: 100 * Self.gigabyte, available: 0).markBytes == 5 * Self.gigabyte)
    #expect(watch(total: 4 * Self.gigabyte, available: 0).markBytes == 256 << 20)
    #expect(watch(total: .max, available: .max).markBytes == UInt64.max / 20)
    #expect(SpaceWatch(segmentSize: 1).markBytes == 0)
  }

  @Test("a small file system gets small segments, and keeps most of its room for messages")
  func smallFileSystem() {
    let watch = watch(total: 128 << 20, available: 0)
    #expect(watch.segmentSize == 4 << 20)
    #expect(watch.markBytes == 16 << 20)
    #expect(self.watch(segment: 1 << 20, total: 128 << 20, available: 0).segmentSize == 1 << 20)
    #expect(self.watch(total: 2 << 20, available: 0).segmentSize == 256 << 10)
    #expect(self.watch(total: 2 << 20, available: 0).markBytes == 512 << 10)
  }

  @Test("messages are refused below the mark and taken again at twice the mark")
  func hysteresis() {
    var watch = watch(total: 100 * Self.gigabyte, available: 5 * Self.gigabyte)
    #expect(!watch.isLow)
    func look(_ available: UInt64) -> Bool {
      watch.looked(
        DiskSpace(totalBytes: 100 * Self.gigabyte, availableBytes: available), atMs: 0)
      return watch.isLow
    }
    #expect(look(5 * Self.gigabyte - 1))
    #expect(look(5 * Self.gigabyte))
    #expect(look(10 * Self.gigabyte - 1))
    #expect(!look(10 * Self.gigabyte))
    #expect(!look(5 * Self.gigabyte))
  }

  @Test(
    "it is looked again after a second when messages come, and by itself only while they are refused"
  )
  func times() {
    var watch = SpaceWatch(segmentSize: 1 << 20)
    #expect(watch.isStale(nowMs: 5))
    watch.looked(DiskSpace(totalBytes: 1 << 30, availableBytes: 1 << 30), atMs: 5000)
    #expect(!watch.isStale(nowMs: 5999))
    #expect(watch.isStale(nowMs: 6000))
    #expect(watch.isStale(nowMs: 4999), "a clock that was set back")
    #expect(watch.dueMs(nowMs: 5100) == nil)
    watch.looked(DiskSpace(totalBytes: 1 << 30, availableBytes: 0), atMs: 6000)
    #expect(watch.dueMs(nowMs: 6100) == 7000)
    #expect(watch.dueMs(nowMs: 1000) == 1000, "a clock that was set back")
  }

  @Test("what can't be asked leaves everything as it was")
  func unknown() {
    var watch = watch(total: 1 << 30, available: 0)
    watch.looked(nil, atMs: 9000)
    #expect(watch.isLow)
    #expect(!watch.isStale(nowMs: 9000))
    var new = SpaceWatch(segmentSize: 7)
    new.looked(nil, atMs: 1)
    #expect(!new.isLow)
    #expect(new.segmentSize == 7)
  }
}
