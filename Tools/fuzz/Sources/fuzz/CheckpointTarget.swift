@testable import SegmentLog

/// A checkpoint: as it came, and with the input as the contents of its chunks, every checksum right.
/// What is accepted can be asked as a start asks it, and is the same when it is written and read
/// again.
enum CheckpointTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    read(Array(bytes))
    if let forged = forge(ByteReader(bytes)) { read(forged) }
  }

  /// A section, a length (two bytes) and as many bytes, again and again.
  private static func forge(_ input: ByteReader) -> [UInt8]? {
    var input = input
    let file = MemoryFile()
    let out = ChunkWriter(file: file)
    out.write(header: CheckpointHeader(number: 1, store: StoreUUID(high: 1, low: 2), createdMs: 3))
    do {
      while !input.isAtEnd {
        let section = try input.byte()
        let body = try input.take(UInt64(try input.little(UInt16.self)))
        try out.begin(section)
        try out.entry(size: body.count) { $0.append(bytes: body) }
      }
      try out.finish()
    } catch {
      return nil
    }
    return file.bytes
  }

  private static func read(_ bytes: [UInt8]) {
    guard let found = decode(bytes) else { return }
    let table = found.segmentTable
    for segment in table {
      for sequence in [segment.firstSequence, segment.firstSequence &+ segment.count] {
        _ = found.state(of: sequence)
      }
    }
    let (attempted, destinations) = (found.attempted, found.destinations.map(\.origin))
    let file = MemoryFile()
    var encoder = CheckpointEncoder(file: file)
    do { try encoder.encode(found) } catch { preconditionFailure("memory can't fail") }
    guard let again = decode(file.bytes) else {
      preconditionFailure("a checkpoint can't be read after it was written again")
    }
    precondition(again.segmentTable == table && again.attempted == attempted)
    precondition(again.destinations.map(\.origin) == destinations)
  }

  private static func decode(_ bytes: [UInt8]) -> Checkpoint? {
    try? CheckpointDecoder.decode(MemoryFile(bytes))
  }
}
