import Foundation

/// The floor of durability: `pwrite` + `fdatasync` of zero-filled space in a loop.
enum SyncFloor {
  /// Syncs per second when each one makes `bytes` durable, over about a second.
  static func syncsPerSecond(directory: URL, bytes: Int) throws -> Double {
    let size = 64 << 20
    let path = directory.appendingPathComponent("sync-floor").path
    let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw BenchError(description: "cannot create \(path)") }
    defer {
      close(file)
      unlink(path)
    }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for index in 0..<(size >> 20) { _ = pwrite(file, zeros, zeros.count, off_t(index << 20)) }
    guard fdatasync(file) == 0 else { throw BenchError(description: "cannot sync \(path)") }
    let data = [UInt8](repeating: 0xa5, count: bytes)
    let start = nowNanoseconds()
    var count = 0
    var offset = 0
    while nowNanoseconds() - start < 1_000_000_000 {
      _ = pwrite(file, data, bytes, off_t(offset))
      guard fdatasync(file) == 0 else { throw BenchError(description: "cannot sync \(path)") }
      offset += bytes
      if offset + bytes > size { offset = 0 }
      count += 1
    }
    return Double(count) / (Double(nowNanoseconds() - start) / 1e9)
  }
}
