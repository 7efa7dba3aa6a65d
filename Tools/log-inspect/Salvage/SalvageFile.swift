import FoundationEssentials
import Glibc
import SegmentLog

/// Where salvaged messages go: standard output, or a new file that gets its name only when it is whole
/// and on the disk. What is no regular file (a pipe, a device) is written to as it is.
///
/// Nothing that stands there is overwritten, no link is followed (in a directory that others may write
/// to, one could lead anywhere), and nothing is ever written into a log.
final class SalvageFile {
  enum Failure: Error, CustomStringConvertible {
    case system(path: String, code: Int32)
    case exists(path: String)
    case link(path: String)
    case log(path: String)

    var description: String {
      switch self {
      case .system(let path, let code): "\(path): \(String(cString: strerror(code)))"
      case .exists(let path): "\(path) exists already, and is not overwritten"
      case .link(let path): "\(path) is a link, and is not followed"
      case .log(let path): "\(path) would stand in a log; nothing is written there"
      }
    }
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
    try Self.checkPlace(of: path)
    var info = stat()
    let stands = lstat(path, &info) == 0
    let kind = info.st_mode & S_IFMT
    if stands, kind == S_IFLNK { throw .link(path: path) }
    if stands, kind == S_IFREG { throw .exists(path: path) }
    // A directory is refused by the system.
    let name = stands ? path : "\(path).\(getpid()).tmp"
    temporary = stands ? nil : name
    let flags = stands ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL
    // Messages may hold secrets: for the owner's eyes alone.
    descriptor = open(name, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw .system(path: name, code: errno) }
  }

  /// Neither a log's directory nor one inside of it.
  private static func checkPlace(of path: String) throws(Failure) {
    var directory = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath()
    while true {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
      // Either name alone may be somebody else's.
      let isLog = names.contains(FileNames.identity) && names.contains(FileNames.lock)
      if isLog || names.contains(where: { LogFile(name: $0) != nil }) {
        throw .log(path: path)
      }
      if directory.path == "/" { return }
      directory.deleteLastPathComponent()
    }
  }

  /// False when it failed; `finish` says why.
  func write(_ bytes: [UInt8]) -> Bool {
    guard failure == nil else { return false }
    let isWritten =
      path == "-" ? Output.print(bytes) : Output.write(bytes, to: descriptor)
    if !isWritten { failure = .system(path: path, code: errno) }
    return isWritten
  }

  func finish() throws(Failure) {
    if let failure {
      if let temporary { unlink(temporary) }
      throw failure
    }
    guard let temporary else { return }
    defer { unlink(temporary) }
    guard fsync(descriptor) == 0, close(descriptor) == 0, giveName(to: temporary) else {
      let code = errno
      throw code == EEXIST ? .exists(path: path) : .system(path: path, code: code)
    }
  }

  /// Unlike a rename, a link takes nobody's place; but some file systems (FAT) have none.
  private func giveName(to temporary: String) -> Bool {
    if link(temporary, path) == 0 { return true }
    guard errno == EPERM || errno == EOPNOTSUPP else { return false }
    var info = stat()
    guard lstat(path, &info) != 0 else {
      errno = EEXIST
      return false
    }
    return rename(temporary, path) == 0
  }
}
