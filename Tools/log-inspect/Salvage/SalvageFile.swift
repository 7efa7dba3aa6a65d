import Glibc

/// Where salvaged messages go: standard output, or a file that gets its name only when it is whole
/// and on the disk. What is no regular file (a pipe, a device) is written to as it is.
final class SalvageFile {
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(String(cString: strerror(code)))" }
  }

  private let path: String
  private let temporary: String?
  private let descriptor: Int32
  private var failure: Failure?

  init(_ path: String) throws(Failure) {
    self.path = path
    if path == "-" {
      temporary = nil
      descriptor = STDOUT_FILENO
      return
    }
    var info = stat()
    let isSpecial = stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
    let name = isSpecial ? path : path + ".tmp"
    temporary = isSpecial ? nil : name
    let flags = isSpecial ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC
    // Messages may hold secrets: for the owner's eyes alone.
    descriptor = open(name, flags | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw Failure(path: name, code: errno) }
  }

  /// False when it failed; `finish` says why.
  func write(_ bytes: [UInt8]) -> Bool {
    guard failure == nil else { return false }
    if Output.write(bytes, to: descriptor) { return true }
    failure = Failure(path: path, code: errno)
    return false
  }

  func finish() throws(Failure) {
    if let failure {
      if let temporary { unlink(temporary) }
      throw failure
    }
    guard let temporary else { return }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
      throw Failure(path: path, code: errno)
    }
  }
}
