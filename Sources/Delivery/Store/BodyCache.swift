import DequeModule
import SegmentLog

/// The newest messages as they were written, so that a message that is delivered at once is never
/// read back from the disk.
///
/// Numbers are given in order, so a ring from the oldest to the newest is enough. The oldest go
/// first: what is delivered soon is what came last, and a backlog is read in order from the segments.
struct BodyCache {
  struct Limits: Sendable {
    var bytes = 64 << 20
    /// Slots, also those of messages that have ended between others that have not.
    var messages = 65_536
  }

  private let limits: Limits
  private var records: Deque<NewRecord?> = []
  private var first: UInt64 = 0
  private(set) var bytes = 0

  init(limits: Limits) { self.limits = limits }

  var count: Int { records.count }

  subscript(number: UInt64) -> NewRecord? {
    guard number >= first, number - first < UInt64(records.count) else { return nil }
    return records[Int(number - first)]
  }

  /// A number that is not the next one empties the cache: the first one after a start.
  mutating func append(_ number: UInt64, _ record: NewRecord) {
    if number != first + UInt64(records.count) {
      records.removeAll(keepingCapacity: true)
      bytes = 0
      first = number
    }
    records.append(record)
    bytes += record.cachedBytes
    while bytes > limits.bytes || records.count > limits.messages { dropFirst() }
  }

  /// The message has ended: nobody asks for it any more.
  mutating func remove(_ number: UInt64) {
    guard let record = self[number] else { return }
    bytes -= record.cachedBytes
    records[Int(number - first)] = nil
    while let oldest = records.first, oldest == nil { dropFirst() }
  }

  private mutating func dropFirst() {
    guard let oldest = records.popFirst() else { return }
    bytes -= oldest?.cachedBytes ?? 0
    first += 1
  }
}

extension NewRecord {
  fileprivate var cachedBytes: Int { payload.count + uuid.count + MemoryLayout<NewRecord>.size }
}
