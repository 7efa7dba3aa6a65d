@testable import SegmentLog

/// The area before the first frame: as it came, and with the checksum of both copies right. What is
/// accepted is the same when it is written and read again.
enum SegmentHeaderTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    read(Array(bytes))
    guard bytes.count >= SegmentHeader.size else { return }
    var forged = ByteWriter()
    forged.append(bytes: bytes)
    for copy in [0, FormatLimits.headerCopyOffset]
    where copy + SegmentHeader.size <= forged.count {
      let end = copy + SegmentHeader.size - 4
      let checked = UnsafeRawBufferPointer(rebasing: forged.bytes[copy..<end])
      forged.replace(at: end, little: Checksum.crc32(checked))
    }
    read(Array(forged.bytes))
  }

  private static func read(_ area: [UInt8]) {
    guard let found = area.withBytes({ try? SegmentHeader.find(in: $0) }) else { return }
    let again = found.header.encodedArea().withBytes { try? SegmentHeader.find(in: $0) }
    precondition(again == SegmentHeader.Found(header: found.header, damagedCopy: nil))
  }
}
