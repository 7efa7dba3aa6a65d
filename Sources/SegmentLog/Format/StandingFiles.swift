/// Where messages stood that had not ended when a segment was begun: how many in which segment, cold
/// ones among them, and lost ones that nobody had given up. It stands behind each copy of the segment's
/// header.
///
/// So a read of all segments knows of a file that isn't there whether it was dropped or is missing, and
/// of those that are there which of their messages had ended. It can do without: a list that found no
/// room was not written.
package struct StandingFiles: Sendable, Equatable {
  /// Messages, by file; above zero.
  package private(set) var live: [LogFile: UInt64] = [:]

  package init() {}

  package mutating func add(_ file: LogFile, _ count: UInt64) {
    if count > 0 { live[file, default: 0].add(capped: count) }
  }

  /// What stood in the inputs of a compaction stands in its output.
  mutating func replace(_ inputs: [LogFile], by output: LogFile?) {
    var moved: UInt64 = 0
    for input in inputs { moved.add(capped: live.removeValue(forKey: input) ?? 0) }
    if let output { add(output, moved) }
  }
}

extension StandingFiles {
  /// From the start of a copy of the header.
  static let offset = 256
  private static let magic: UInt32 = 0x444e_5453
  private static let bytesMax = FormatLimits.headerCopyOffset - offset

  /// nil when there is no room for all of it.
  func encoded() -> [UInt8]? {
    var out = ByteWriter()
    out.append(little: Self.magic)
    out.append(little: UInt32(0))
    out.append(varint: UInt64(live.count))
    for (file, count) in live.sorted(by: { $0.key.order < $1.key.order }) {
      out.append(varint: file.order)
      out.append(varint: count)
    }
    out.replace(at: 4, little: UInt32(out.count + 4))
    out.append(little: Checksum.crc32(out.bytes))
    return out.count <= Self.bytesMax ? Array(out.bytes) : nil
  }

  /// `copy`: the bytes from a header's copy on. nil when none was written, or it can't be read.
  static func decode(_ copy: UnsafeRawBufferPointer) -> StandingFiles? {
    guard copy.count >= offset + 12, copy.littleInteger(at: offset, as: UInt32.self) == magic else {
      return nil
    }
    let length = Int(copy.littleInteger(at: offset + 4, as: UInt32.self))
    guard length >= 12, length <= min(bytesMax, copy.count - offset) else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: copy[offset..<offset + length])
    let body = UnsafeRawBufferPointer(rebasing: bytes[..<(length - 4)])
    guard bytes.littleInteger(at: length - 4, as: UInt32.self) == Checksum.crc32(body) else {
      return nil
    }
    return try? decodeEntries(UnsafeRawBufferPointer(rebasing: body[8...]))
  }

  private static func decodeEntries(_ bytes: UnsafeRawBufferPointer) throws -> StandingFiles? {
    var input = ByteReader(bytes)
    var found = StandingFiles()
    let count = try input.varint()
    for _ in 0..<min(count, UInt64(bytesMax)) {
      guard let file = LogFile(order: try input.varint()) else { return nil }
      let live = try input.varint()
      guard live > 0, live < FormatLimits.sequenceMax, found.live[file] == nil else { return nil }
      found.add(file, live)
    }
    return input.isAtEnd && UInt64(found.live.count) == count ? found : nil
  }
}

extension LogFile {
  /// One number for a segment of either kind.
  fileprivate var order: UInt64 {
    if case .cold(let id) = self { id << 1 | 1 } else { id << 1 }
  }

  fileprivate init?(order: UInt64) {
    guard (1..<FormatLimits.numberMax).contains(order >> 1) else { return nil }
    self = order & 1 == 1 ? .cold(order >> 1) : .wal(order >> 1)
  }
}
