@testable import SegmentLog

/// A dedup file: as it came, and with header and pages that are whole. What every page is good of
/// can be found entry by entry.
enum DedupTarget {
  private static let id: UInt64 = 3
  private static let store = StoreUUID(high: 7, low: 8)

  static func run(_ bytes: UnsafeRawBufferPointer) {
    read(Array(bytes))
    read(forge(Array(bytes)))
  }

  /// The input's first 96 bytes begin the header, each 512 bytes behind them a page.
  private static func forge(_ input: [UInt8]) -> [UInt8] {
    let rest = Array(input.dropFirst(96))
    let starts = stride(from: 0, to: max(rest.count, 1), by: 512)
    var header = DedupHeader.magic + [1, 0, 0, 0, 0, 16, 0, 0]
    header += little(id) + little(store.high.byteSwapped) + little(store.low.byteSwapped)
    header += input.dropFirst(header.count).prefix(96 - header.count)
    header += [UInt8](repeating: 0, count: DedupHeader.pageSize - header.count)
    header.replaceSubrange(56..<64, with: little(UInt64(starts.underestimatedCount)))
    header.removeLast(4)
    header += little(header.withBytes { Checksum.crc32($0) })
    var out = header
    for start in starts {
      let piece = rest[min(start, rest.count)..<min(start + 512, rest.count)]
      let page = piece + [UInt8](repeating: 0, count: DedupHeader.pageSize - 4 - piece.count)
      out += little(page.withUnsafeBytes { Checksum.crc32($0) }) + page
    }
    return out + header
  }

  private static func little<I: FixedWidthInteger>(_ value: I) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func read(_ bytes: [UInt8]) {
    let disk = MemoryDisk(file: FileNames.dedup(id), bytes: bytes)
    guard let file = try? DedupFile(id: id, store: store, on: disk) else { return }
    var entries: [DedupEntry] = []
    guard let result = try? file.forEach({ entries.append($0) }) else {
      preconditionFailure("memory can't fail")
    }
    let range = file.header.firstSequence...file.header.lastSequence
    for entry in entries where result.unreadable == 0 && range.contains(entry.sequence) {
      precondition((try? file.entry(entry.sequence)) == entry)
    }
    _ = try? file.entry(file.header.lastSequence)
  }
}
