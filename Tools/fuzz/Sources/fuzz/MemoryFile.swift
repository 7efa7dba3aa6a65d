import SegmentLog

/// A file that is only read.
final class MemoryFile: DiskFile {
  let name = "input"
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func size() -> UInt64 { UInt64(bytes.count) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    let start = Int(min(offset, UInt64(bytes.count)))
    let count = min(buffer.count, bytes.count - start)
    buffer.copyBytes(from: bytes[start..<start + count])
    return count
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    throw DiskError(operation: .write, file: name, code: 30)
  }

  func sync() {}
  func truncate(to size: UInt64) throws(DiskError) {
    throw DiskError(operation: .truncate, file: name, code: 30)
  }
  func close() {}
}
