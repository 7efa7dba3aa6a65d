import Synchronization

@testable import SegmentLog

extension LogRecords {
  /// All records in the order in which a program would print them: they are formatted by several
  /// threads at a time, so the order of those calls says nothing.
  func inOrder() -> (records: [MessageRecord], failures: [DiskError]) {
    let formatted = Mutex<[MessageRecord]>([])
    var written: [UInt8] = []
    let failures = forEach(
      { record, out in
        let place = formatted.withLock { records in
          records.append(record)
          return UInt64(records.count - 1)
        }
        withUnsafeBytes(of: place.littleEndian) { out.append(contentsOf: $0) }
      },
      write: { bytes in
        written += bytes
        return true
      })
    let all = formatted.withLock { $0 }
    let places = written.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 8).map {
        Int(bytes.littleInteger(at: $0, as: UInt64.self))
      }
    }
    return (places.map { all[$0] }, failures)
  }
}
