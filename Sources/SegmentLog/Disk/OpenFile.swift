import Glibc
import Synchronization

/// A file of the real file system. `close` is called by the owner or when the last user lets go.
final class OpenFile: DiskFile {
  let name: String
  private let descriptor: Int32
  private let isClosed = Mutex(false)

  init(name: String, descriptor: Int32) {
    self.name = name
    self.descriptor = descriptor
  }

  deinit { close() }

  var allocatedBytes: UInt64? {
    var info = stat()
    // In units of 512 bytes, whatever the file system's own (stat(2)).
    return fstat(descriptor, &info) == 0 ? UInt64(max(info.st_blocks, 0)) * 512 : nil
  }

  var identity: FileIdentity? {
    var info = stat()
    return fstat(descriptor, &info) == 0 ? FileIdentity(info) : nil
  }

  func size() throws(DiskError) -> UInt64 {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw error(.open, errno) }
    let kind = info.st_mode & S_IFMT
    guard kind == S_IFREG else { throw error(.open, kind == S_IFDIR ? EISDIR : EINVAL) }
    return UInt64(max(info.st_size, 0))
  }

  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) -> Int {
    var done = 0
    while done < buffer.count {
      guard let position = off_t(exactly: offset + UInt64(done)) else { throw error(.read, EFBIG) }
      let count = pread(
        descriptor, buffer.baseAddress! + done, buffer.count - done, position)
      let code = errno
      if count == 0 { break }
      if count < 0 {
        if code == EINTR { continue }
        throw error(.read, code)
      }
      done += count
    }
    return done
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    guard bytes.count > 0 else { return 0 }
    guard let position = off_t(exactly: offset) else { throw error(.write, EFBIG) }
    while true {
      let count = pwrite(descriptor, bytes.baseAddress!, bytes.count, position)
      let code = errno
      if count >= 0 { return count }
      if code != EINTR { throw error(.write, code) }
    }
  }

  func sync() throws(DiskError) {
    guard fdatasync(descriptor) == 0 else { throw error(.sync, errno) }
  }

  func truncate(to size: UInt64) throws(DiskError) {
    guard let length = off_t(exactly: size) else { throw error(.truncate, EFBIG) }
    while ftruncate(descriptor, length) != 0 {
      let code = errno
      if code != EINTR { throw error(.truncate, code) }
    }
  }

  func close() {
    let first = isClosed.withLock { closed in
      defer { closed = true }
      return !closed
    }
    // Never repeated: after EINTR the descriptor may belong to another file already.
    if first { _ = Glibc.close(descriptor) }
  }

  private func error(_ operation: DiskError.Operation, _ code: Int32) -> DiskError {
    DiskError(operation: operation, file: name, code: code)
  }
}
