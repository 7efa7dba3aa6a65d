import Glibc

/// The right to write to a log directory: two exclusive locks on `LOCK`, held for life. The kernel gives
/// them free when the process ends, however it ends. The file says who has them: pid, host, listeners.
///
/// `flock` is what versions before this one take. Some file systems keep it to one machine, or to one
/// container where a volume is passed on (NFS, 9p, virtiofs), so an open file description lock
/// (`F_OFD_SETLK`, fcntl(2)) is taken besides: these forward it, and it belongs to the open file, not to
/// the process, so that nobody who opens and closes `LOCK` here drops it. Where the file system knows no
/// such locks (EINVAL, ENOLCK, EOPNOTSUPP) `flock` stands alone.
///
/// Whoever may read a file may lock it, and so nobody but the owner may read this one: else an
/// account that sees the directory could keep the log from ever being opened again.
package final class DirectoryLock: Sendable {
  package enum Failure: Error, Sendable, Equatable {
    /// Another process has it; its pid where it could be read, and where it runs and listens where it
    /// says so.
    case held(path: String, pid: Int32?, place: String? = nil)
    case failed(DiskError)
  }

  /// Below 0: there is no lock to take.
  private let descriptor: Int32
  private let file: String

  /// Takes the lock of the directory at `path`, which exists. For who only looks it is shared with
  /// others that do, nothing is written, and where no server ever made the file there is none.
  package init(
    path: String, readOnly: Bool, listeners: [String] = []
  ) throws(Failure) {
    let file = path + "/" + FileNames.lock
    self.file = file
    guard readOnly else {
      descriptor = try Self.openToWrite(path, file)
      writeHolder(listeners)
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
      if code == EWOULDBLOCK { throw held(path, descriptor) }
      throw .failed(DiskError(operation: .lock, file: file, code: code))
    }
    guard !lockDescription(descriptor, kind == LOCK_EX ? F_WRLCK : F_RDLCK) else { return }
    defer { close(descriptor) }
    throw held(path, descriptor)
  }

  /// `F_OFD_SETLK` of Linux, which the C library only shows to those who ask for more than POSIX.
  package static let setDescriptionLock: Int32 = 37

  /// False when another open file has it.
  private static func lockDescription(_ descriptor: Int32, _ kind: Int32) -> Bool {
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    while fcntl(descriptor, setDescriptionLock, &lock) != 0 {
      switch errno {
      case EINTR: continue
      case EACCES, EAGAIN: return false
      default: return true
      }
    }
    return true
  }

  /// Whether the path still leads to the file that was locked: without it another process could lock
  /// one of its own.
  package var isInPlace: Bool {
    guard descriptor >= 0 else { return true }
    var opened = stat()
    var named = stat()
    guard fstat(descriptor, &opened) == 0 else { return true }
    guard lstat(file, &named) == 0 else { return errno != ENOENT }
    return FileIdentity(opened) == FileIdentity(named)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// For messages only, so that a failure is no reason to stop.
  private func writeHolder(_ listeners: [String]) {
    var text = "\(getpid())\nhost \(Self.hostName)\n"
    if !listeners.isEmpty { text += "listening \(listeners.joined(separator: ", "))\n" }
    let bytes = Array(text.utf8)
    _ = ftruncate(descriptor, 0)
    _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func held(_ path: String, _ descriptor: Int32) -> Failure {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return .held(path: path, pid: nil) }
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let digits = lines.first?.utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    var places: [String] = []
    for line in lines.dropFirst() {
      // What somebody else wrote there is shown, and must not look like lines of ours.
      let text = line.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
      if line.hasPrefix("host ") { places.append("on \(String(String.UnicodeScalarView(text)))") }
      if line.hasPrefix("listening ") { places.append(String(String.UnicodeScalarView(text))) }
    }
    return .held(
      path: path, pid: digits.flatMap { Int32(String($0) ?? "") },
      place: places.isEmpty ? nil : places.joined(separator: ", "))
  }
}

extension DirectoryLock.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .held(let path, let pid, let place):
      let facts = [pid.map { "pid \($0)" }, place].compactMap(\.self)
      let who = facts.isEmpty ? "" : " (\(facts.joined(separator: " ")))"
      return "\(path) is in use by another process\(who)"
    case .failed(let error): return error.description
    }
  }
}
