import Glibc

/// The right to write to a log directory: an exclusive `flock` on `LOCK`, held for life. The kernel
/// gives it free when the process ends, however it ends. The file holds the holder's pid.
///
/// Whoever may read a file may lock it, and so nobody but the owner may read this one: else an
/// account that sees the directory could keep the log from ever being opened again.
package final class DirectoryLock: Sendable {
  package enum Failure: Error, Sendable, Equatable {
    /// Another process has it; its pid where it could be read.
    case held(path: String, pid: Int32?)
    case failed(DiskError)
  }

  /// Below 0: there is no lock to take.
  private let descriptor: Int32

  /// Takes the lock of the directory at `path`, which exists. For who only looks it is shared with
  /// others that do, nothing is written, and where no server ever made the file there is none.
  package init(path: String, readOnly: Bool) throws(Failure) {
    let file = path + "/" + FileNames.lock
    guard readOnly else {
      descriptor = try Self.openToWrite(path, file)
      writePid()
      return
    }
    let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      if code != ENOENT { throw .failed(DiskError(operation: .lock, file: file, code: code)) }
      self.descriptor = -1
      return
    }
    try Self.lock(descriptor, LOCK_SH, path, file)
    self.descriptor = descriptor
  }

  package convenience init(path: String) throws(Failure) {
    try self.init(path: path, readOnly: false)
  }

  private static func openToWrite(_ path: String, _ file: String) throws(Failure) -> Int32 {
    let descriptor = open(
      file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, FileModes.file)
    guard descriptor >= 0 else {
      throw .failed(DiskError(operation: .lock, file: file, code: errno))
    }
    // Versions before this one left it to the umask. That of another owner stays as it is.
    _ = fchmod(descriptor, FileModes.file)
    try lock(descriptor, LOCK_EX, path, file)
    return descriptor
  }

  /// Closes the descriptor when it can't be had.
  private static func lock(
    _ descriptor: Int32, _ kind: Int32, _ path: String, _ file: String
  ) throws(Failure) {
    while flock(descriptor, kind | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      defer { close(descriptor) }
      if code == EWOULDBLOCK { throw .held(path: path, pid: pid(in: descriptor)) }
      throw .failed(DiskError(operation: .lock, file: file, code: code))
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// For messages only, so that a failure is no reason to stop.
  private func writePid() {
    let text = Array("\(getpid())\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  private static func pid(in descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return nil }
    let digits = bytes[..<count].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    return Int32(String(decoding: digits, as: UTF8.self))
  }
}

extension DirectoryLock.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .held(let path, let pid):
      "\(path) is in use by another process" + (pid.map { " (pid \($0))" } ?? "")
    case .failed(let error): error.description
    }
  }
}
