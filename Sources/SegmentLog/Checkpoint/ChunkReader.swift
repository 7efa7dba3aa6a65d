/// Reads the chunks of a checkpoint in order, each checked before it is given out. Memory is one
/// window on the file and one chunk. Not for two threads at once.
final class ChunkReader {
  struct Chunk {
    var section: UInt8
    /// Where it begins in the file.
    var offset: UInt64
    var raw: [UInt8]
  }

  private let size: UInt64
  private var window: ScanWindow
  private let inflater = Inflater()
  private var offset: UInt64 = 0
  private var chunks: UInt64 = 0
  /// Of everything before `offset`.
  private var crc: UInt32 = 0

  init(file: any DiskFile) throws(CheckpointError) {
    do throws(DiskError) { size = try file.size() } catch { throw .disk(error) }
    window = ScanWindow(file: file)
  }

  /// To be called once, before `next`.
  func header() throws(CheckpointError) -> CheckpointHeader {
    let bytes = try self.bytes(CheckpointFormat.headerSize, mayBeShort: true)
    let header = try CheckpointHeader.decode(bytes)
    pass(bytes)
    return header
  }

  /// nil behind the last chunk, which was found to be the file's end.
  func next() throws(CheckpointError) -> Chunk? {
    let start = offset
    let head = try bytes(CheckpointFormat.chunkHeadSize)
    let section = head[0]
    let raw = head.littleInteger(at: 4, as: UInt32.self)
    let stored = head.littleInteger(at: 8, as: UInt32.self)
    let expected = head.littleInteger(at: 12, as: UInt32.self)
    guard stored >= 1, stored <= raw, raw <= CheckpointFormat.chunkRawMax else {
      throw .badValue("length of a chunk", offset: start)
    }
    let whole = try bytes(CheckpointFormat.chunkHeadSize + Int(stored))
    let body = UnsafeRawBufferPointer(rebasing: whole[CheckpointFormat.chunkHeadSize...])
    let found = Checksum.crc32(
      body, seed: Checksum.crc32(UnsafeRawBufferPointer(rebasing: whole[..<12])))
    guard found == expected else {
      throw .badChecksum(offset: start, expected: expected, found: found)
    }
    let content = try inflate(body, to: Int(raw), at: start)
    if section == CheckpointFormat.Section.end {
      try checkEnd(content, at: start, end: start + UInt64(whole.count))
      return nil
    }
    pass(whole)
    chunks += 1
    return Chunk(section: section, offset: start, raw: content)
  }

  private func inflate(
    _ stored: UnsafeRawBufferPointer, to length: Int, at offset: UInt64
  ) throws(CheckpointError) -> [UInt8] {
    if stored.count == length { return Array(stored) }
    var raw = [UInt8](repeating: 0, count: length)
    let inflater = inflater
    guard raw.withMutableBytes({ inflater.decompress(stored, into: $0) }) else {
      throw .badValue("compressed chunk", offset: offset)
    }
    return raw
  }

  /// The last chunk vouches for the whole: how many stood before it, and the checksum of all of them.
  private func checkEnd(
    _ content: [UInt8], at start: UInt64, end: UInt64
  ) throws(CheckpointError) {
    let (count, sum) = try content.withBytes {
      (bytes) throws(CheckpointError) -> (UInt64, UInt32) in
      guard bytes.count == 12 else { throw .badValue("last chunk", offset: start) }
      return (
        bytes.littleInteger(at: 0, as: UInt64.self), bytes.littleInteger(at: 8, as: UInt32.self)
      )
    }
    guard sum == crc else { throw .badChecksum(offset: start, expected: sum, found: crc) }
    guard count == chunks else { throw .badValue("count of chunks", offset: start) }
    guard end == size else { throw .badValue("length of the file", offset: end) }
  }

  private func bytes(
    _ length: Int, mayBeShort: Bool = false
  ) throws(CheckpointError) -> UnsafeRawBufferPointer {
    let bytes: UnsafeRawBufferPointer
    do throws(DiskError) { bytes = try window.bytes(at: offset, length) } catch {
      throw .disk(error)
    }
    guard bytes.count == length || mayBeShort else { throw .cutShort(offset: size) }
    return bytes
  }

  private func pass(_ bytes: UnsafeRawBufferPointer) {
    crc = Checksum.crc32(bytes, seed: crc)
    offset += UInt64(bytes.count)
  }
}
