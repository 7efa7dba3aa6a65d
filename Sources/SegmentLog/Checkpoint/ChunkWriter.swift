/// Writes a checkpoint's chunks to a new file, one after the other: entries are gathered until a
/// chunk is full, deflated, and given their checksum. Not for two threads at once.
final class ChunkWriter {
  private let file: any DiskFile
  private let deflater = Deflater(level: 1)
  private var raw = ByteWriter(capacity: CheckpointFormat.chunkRawMax)
  private var out = ByteWriter(capacity: writeSize + 2 * CheckpointFormat.chunkRawMax)
  private var section: UInt8 = 0
  private var chunks: UInt64 = 0
  private var crc: UInt32 = 0
  /// What has been handed to the file.
  private(set) var offset: UInt64 = 0

  private static let writeSize = 512 << 10

  init(file: any DiskFile) { self.file = file }

  func write(header: CheckpointHeader) { header.encode(into: &out) }

  /// The entries that follow belong to this section.
  func begin(_ section: UInt8) throws(DiskError) {
    try flushChunk()
    self.section = section
  }

  /// An entry of at most `size` bytes; it never crosses the border of a chunk.
  func entry(size: Int, _ body: (inout ByteWriter) -> Void) throws(DiskError) {
    precondition(size <= CheckpointFormat.chunkRawMax)
    if raw.count + size > CheckpointFormat.chunkRawMax { try flushChunk() }
    let before = raw.count
    body(&raw)
    precondition(raw.count - before <= size, "an entry is larger than it was said to be")
  }

  /// Whether the next entry begins a chunk, where differences begin anew.
  func startsChunk(size: Int) -> Bool {
    raw.count == 0 || raw.count + size > CheckpointFormat.chunkRawMax
  }

  /// The last chunk, and everything to the file.
  func finish() throws(DiskError) {
    try flushChunk()
    let total = Checksum.crc32(out.bytes, seed: crc)
    section = CheckpointFormat.Section.end
    raw.append(little: chunks)
    raw.append(little: total)
    try flushChunk()
    try flush()
  }

  private func flushChunk() throws(DiskError) {
    guard raw.count > 0 else { return }
    var stored = raw.count
    let head = out.count
    out.append(section)
    out.append(UInt8(0))
    out.append(little: UInt16(0))
    out.append(little: UInt32(raw.count))
    out.append(little: UInt32(0))
    out.append(little: UInt32(0))
    let room = out.reserve(raw.count)
    let worthIt = UnsafeMutableRawBufferPointer(rebasing: room[..<(raw.count * 9 / 10)])
    if let length = deflater.compress(raw.bytes, into: worthIt) {
      stored = length
      out.commit(length)
    } else {
      out.append(bytes: raw.bytes)
    }
    out.replace(at: head + 8, little: UInt32(stored))
    let bytes = out.bytes
    let sum = Checksum.crc32(
      UnsafeRawBufferPointer(rebasing: bytes[(head + CheckpointFormat.chunkHeadSize)...]),
      seed: Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[head..<(head + 12)])))
    out.replace(at: head + 12, little: sum)
    raw.reset()
    chunks += 1
    if out.count >= Self.writeSize { try flush() }
  }

  private func flush() throws(DiskError) {
    guard out.count > 0 else { return }
    let written = try file.write(out.bytes, at: offset)
    guard written == out.count else {
      throw DiskError(operation: .write, file: file.name, code: DiskError.shortWrite)
    }
    crc = Checksum.crc32(out.bytes, seed: crc)
    offset += UInt64(out.count)
    out.reset()
  }
}
