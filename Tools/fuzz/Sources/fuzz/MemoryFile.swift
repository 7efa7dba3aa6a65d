import SegmentLog
import Synchronization

/// A file in memory.
final class MemoryFile: DiskFile {
  let name = "input"
  private let content: Mutex<[UInt8]>

  init(_ bytes: [UInt8] = []) { content = Mutex(bytes) }

  var bytes: [UInt8] { content.withLock { $0 } }

  func size() -> UInt64 { content.withLock { UInt64($0.count) } }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    let bytes = bytes
    let start = Int(min(offset, UInt64(bytes.count)))
    let count = min(buffer.count, bytes.count - start)
    buffer.copyBytes(from: bytes[start..<start + count])
    return count
  }

  /// At its end only.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Int {
    let copy = Array(bytes)
    content.withLock { content in
      precondition(offset == UInt64(content.count))
      content += copy
    }
    return copy.count
  }

  func sync() {}
  func truncate(to size: UInt64) throws(DiskError) {
    throw DiskError(operation: .truncate, file: name, code: 30)
  }
  func close() {}
}
