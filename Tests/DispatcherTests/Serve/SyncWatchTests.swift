import Testing

@testable import Dispatcher
@testable import SegmentLog

@Suite struct SyncWatchTests {
  @Test("a sync that hangs is said once, and once that it has ended")
  func once() {
    var watch = SyncWatch()
    #expect(watch.look(nil) == nil)
    let line = watch.look(HangingSync(file: "wal-1", seconds: 5))
    #expect(line?.level == .error && line?.fields["file"] == "wal-1")
    #expect(watch.look(HangingSync(file: "wal-1", seconds: 6)) == nil)
    #expect(watch.look(nil)?.level == .notice)
    #expect(watch.look(nil) == nil)
  }
}
