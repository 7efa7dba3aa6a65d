import Delivery
import SegmentLog
import Synchronization

/// The log's own time as people read it: moved by what the wall clock is ahead of it at present, as the
/// server does.
enum LogTimes {
  private static let offsetMs = Atomic<Int64>(0)

  /// To be called before anything of the log is shown. Without `clock` the times are shown as they are.
  static func begin(_ disk: any Disk) {
    guard ClockRecord.read(from: disk) != nil else { return }
    let clock = SystemClock()
    let offset = Int64(clamping: clock.wallMs()) - Int64(clamping: clock.logMs(of: disk))
    if abs(offset) >= 1000 { offsetMs.store(offset, ordering: .relaxed) }
  }

  static func wallMs(_ logMs: UInt64) -> UInt64 {
    UInt64(max(0, Int64(clamping: logMs) + offsetMs.load(ordering: .relaxed)))
  }

  static func logMs(_ wallMs: UInt64) -> UInt64 {
    UInt64(max(0, Int64(clamping: wallMs) - offsetMs.load(ordering: .relaxed)))
  }
}
