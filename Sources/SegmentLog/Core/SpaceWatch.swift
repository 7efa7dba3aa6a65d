/// Whether new messages are taken, decided from what the file system says of its space.
///
/// Below the mark they are refused; what was accepted is delivered and recorded all the same. It
/// opens again at twice the mark, so that it doesn't flap.
struct SpaceWatch {
  /// How old what is known may be when a message is taken, and how often it is looked again while
  /// messages are refused. Otherwise nobody looks: an idle log sleeps.
  static let periodMs: UInt64 = 1000
  /// The mark, as a part of the file system…
  private static let markPart: UInt64 = 20
  /// …and in segments: the next one, what a compaction writes, and two checkpoints.
  private static let markSegments: UInt64 = 4
  /// A file system smaller than this many segments gets smaller ones: the active and the prepared
  /// one, the reserve and the mark would leave no room for messages.
  private static let segmentsPerDisk: UInt64 = 32
  private static let segmentMin: UInt64 = 256 << 10

  private let wantedSegment: UInt64
  /// As of the last look; nil: it could not be asked.
  private(set) var space: DiskSpace?
  private(set) var isLow = false
  private var lookedAtMs: UInt64?

  /// `segmentSize`: as configured.
  init(segmentSize: UInt64) { wantedSegment = segmentSize }

  /// `seen` nil: it can't be asked for the moment, and what is known stays.
  mutating func looked(_ seen: DiskSpace?, atMs nowMs: UInt64) {
    lookedAtMs = nowMs
    guard let seen else { return }
    space = seen
    isLow = seen.availableBytes < (isLow ? markBytes * 2 : markBytes)
  }

  /// Whether it is time to look again before a message is taken. A clock that was set back counts.
  func isStale(nowMs: UInt64) -> Bool {
    guard let last = lookedAtMs else { return true }
    return nowMs < last || nowMs - last >= Self.periodMs
  }

  /// When to look again though nothing happens; nil: not at all.
  func dueMs(nowMs: UInt64) -> UInt64? {
    guard isLow, let last = lookedAtMs else { return nil }
    return isStale(nowMs: nowMs) ? nowMs : last.addingCapped(Self.periodMs)
  }

  /// Over 80 % of the file system are used.
  var isMostlyFull: Bool {
    guard let space else { return false }
    return space.availableBytes < space.totalBytes / 5
  }

  /// Free bytes below which no new messages are taken.
  var markBytes: UInt64 {
    guard let total = space?.totalBytes else { return 0 }
    let (segments, overflow) = segmentSize.multipliedReportingOverflow(by: Self.markSegments)
    return min(max(total / Self.markPart, overflow ? .max : segments), total / 4)
  }

  /// Bytes of the segments that are made from now on.
  var segmentSize: UInt64 {
    guard let total = space?.totalBytes else { return wantedSegment }
    let share = total / Self.segmentsPerDisk & ~4095
    return min(wantedSegment, max(Self.segmentMin, share))
  }
}
