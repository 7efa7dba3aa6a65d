import SegmentLog

extension SystemClock {
  /// The log's own time at present, for who opens the log of a stopped server.
  package func logMs(of disk: any Disk) -> UInt64 {
    let now = StoreClock(self).machineTime()
    return ClockRecord.logMs(at: now, after: ClockRecord.read(from: disk))
  }
}
