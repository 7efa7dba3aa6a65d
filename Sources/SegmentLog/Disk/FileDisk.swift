import Glibc

/// Messages may hold secrets: what is made is for the owner's eyes alone, whatever the umask.
enum FileModes {
  static let file: mode_t = 0o600
  static let directory: mode_t = 0o700
}

/// Which file it is, whatever its name.
struct FileIdentity: Equatable {
  private let device: dev_t
  private let inode: ino_t

  init(_ info: stat) {
    device = info.st_dev
    inode = info.st_ino
  }
}

/// A directory of the real file system. Names are looked up relative to the directory that was
/// opened, so that neither `chdir` nor a rename of a parent leads elsewhere.
package final class FileDisk: Disk {
  package let path: String
  let descriptor: Int32

  package enum OpenFailure: Error, Sendable, Equatable {
    case missing(path: String)
    /// It can't be created either: the directory it would stand in is missing.
    case parentMissing(path: String)
    case notADirectory(path: String)
    case notWritable(path: String, code: Int32)
    case failed(path: String, code: Int32)
  }

  package enum Access: Sendable {
    case readOnly
    /// The directory is created when it is missing; its parent must exist.
    case readWrite
  }

  package init(path: String, access: Access) throws(OpenFailure) {
    self.path = path
    if access == .readWrite { try Self.create(path) }
    descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let code = errno
    guard descriptor >= 0 else {
      switch code {
      case ENOENT: throw .missing(path: path)
      case ENOTDIR: throw .notADirectory(path: path)
      default: throw .failed(path: path, code: code)
      }
    }
    guard access == .readWrite else { return }
    switchOffCopying()
    if faccessat(descriptor, ".", W_OK | X_OK, AT_EACCESS) != 0 {
      let code = errno
      close(descriptor)
      throw .notWritable(path: path, code: code)
    }
  }

  deinit { close(descriptor) }

  private static func create(_ path: String) throws(OpenFailure) {
    guard mkdir(path, FileModes.directory) != 0 else {
      syncParent(of: path)
      return
    }
    let code = errno
    switch code {
    case EEXIST: return
    case ENOENT: throw .parentMissing(path: path)
    case ENOTDIR: throw .notADirectory(path: path)
    case EACCES, EROFS, EPERM: throw .notWritable(path: path, code: code)
    default: throw .failed(path: path, code: code)
    }
  }

  /// So that a new log directory survives a power cut. A parent that can't be opened for reading
  /// is left to the file system.
  private static func syncParent(of path: String) {
    let parent = Glibc.open(path + "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    fsync(parent)
    close(parent)
  }

  /// The permissions of the directory when somebody else than its owner may look into it, as
  /// `chmod` writes them; nil when nobody may.
  package func permissionsForOthers() -> String? {
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & 0o077 != 0 else { return nil }
    return "0" + String(info.st_mode & 0o7777, radix: 8)
  }

  package var kind: FileSystemKind { FileSystemKind.of(descriptor) }

  package func list() throws(DiskError) -> [String] { try list(in: ".") }

  package func list(in directory: String) throws(DiskError) -> [String] {
    let path = directory == "." ? self.path : self.path + "/" + directory
    let copy = openat(descriptor, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw DiskError(operation: .list, file: path, code: errno) }
    guard let stream = fdopendir(copy) else {
      let code = errno
      close(copy)
      throw DiskError(operation: .list, file: path, code: code)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        let code = errno
        guard code == 0 else { throw DiskError(operation: .list, file: path, code: code) }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  package func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    let flags: Int32
    switch mode {
    case .readOnly: flags = O_RDONLY
    case .readWrite: flags = O_RDWR
    case .createNew: flags = O_RDWR | O_CREAT | O_EXCL
    }
    // O_NONBLOCK: a FIFO with a segment's name must not hang the start.
    let file = openat(descriptor, name, flags | O_CLOEXEC | O_NONBLOCK, FileModes.file)
    guard file >= 0 else { throw error(.open, name, errno) }
    let opened = OpenFile(name: name, descriptor: file)
    // Only files have a size; others are told at once.
    _ = try opened.size()
    return opened
  }

  package func rename(_ from: String, to: String) throws(DiskError) {
    guard renameat(descriptor, from, descriptor, to) == 0 else {
      throw error(.rename, from, errno)
    }
  }

  /// A link, which never replaces, and an unlink. A crash in between leaves both names: the temporary
  /// one is deleted at the next start, as any. Where there are no links a look has to do.
  package func rename(_ from: String, toNew to: String) throws(DiskError) {
    if linkat(descriptor, from, descriptor, to, 0) == 0 { return try unlink(from) }
    let code = errno
    guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(code) else {
      throw error(.rename, from, code)
    }
    guard faccessat(descriptor, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else {
      throw error(.rename, from, EEXIST)
    }
    try rename(from, to: to)
  }

  package func isStill(_ file: any DiskFile, under name: String) -> Bool {
    guard let opened = file as? OpenFile, let identity = opened.identity else { return true }
    var info = stat()
    guard fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return errno != ENOENT }
    return identity == FileIdentity(info)
  }

  package var isInPlace: Bool {
    var opened = stat()
    var named = stat()
    guard fstat(descriptor, &opened) == 0 else { return true }
    guard stat(path, &named) == 0 else { return errno != ENOENT }
    return FileIdentity(opened) == FileIdentity(named)
  }

  package func unlink(_ name: String) throws(DiskError) {
    guard unlinkat(descriptor, name, 0) == 0 else { throw error(.unlink, name, errno) }
  }

  package func createDirectory(_ name: String) throws(DiskError) {
    guard mkdirat(descriptor, name, FileModes.directory) != 0 else { return }
    let code = errno
    guard code == EEXIST else { throw error(.createDirectory, name, code) }
  }

  package func syncDirectory() throws(DiskError) {
    guard fsync(descriptor) == 0 else { throw error(.syncDirectory, ".", errno) }
  }

  package func space() throws(DiskError) -> DiskSpace {
    var info = statvfs()
    guard fstatvfs(descriptor, &info) == 0 else { throw error(.space, ".", errno) }
    let unit = UInt64(info.f_frsize)
    return DiskSpace(
      totalBytes: UInt64(info.f_blocks).multipliedReportingOverflow(by: unit).partialValue,
      availableBytes: UInt64(info.f_bavail).multipliedReportingOverflow(by: unit).partialValue)
  }

  private func error(_ operation: DiskError.Operation, _ name: String, _ code: Int32) -> DiskError {
    DiskError(operation: operation, file: name == "." ? path : path + "/" + name, code: code)
  }
}

extension FileDisk.OpenFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such directory"
    case .parentMissing(let path):
      "\(path) can't be created: the directory it would stand in does not exist"
    case .notADirectory(let path): "\(path) is a file; the log is a directory"
    case .notWritable(let path, let code): "\(path) can't be written to: \(reason(code))"
    case .failed(let path, let code): "\(path) can't be opened: \(reason(code))"
    }
  }

  private func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
