import FoundationEssentials
import Glibc
import SegmentLog

/// A directory into which a log is copied. Each file has a temporary name, which means nothing to a
/// server, until all of them are written and synced. Nobody but the owner can read it.
final class CopyDirectory {
  let path: String
  private let descriptor: Int32
  /// Taken away again when the copy is not finished. Of an existing directory the names are.
  private let isOurs: Bool

  private static let suffix = ".tmp"
  private static let partBytes = 1 << 20

  /// A new directory, or the one that an earlier copy to this place left behind when it was killed.
  /// - Throws: also when another process is copying there now.
  init(new path: String) throws(BackupFailure) {
    self.path = path
    isOurs = true
    let isNew = mkdir(path, 0o700) == 0
    if !isNew, errno != EEXIST { throw BackupFailure(path, errno) }
    descriptor = try Self.open(path)
    if !isNew { try removeOurs() }
  }

  /// An existing directory, whose lock the caller holds.
  init(existing path: String) throws(BackupFailure) {
    self.path = path
    isOurs = false
    descriptor = try Self.open(path)
    try removeTemporaries()
  }

  deinit { close(descriptor) }

  /// The lock goes with the process, so that what was left behind is told from what is being made.
  private static func open(_ path: String) throws(BackupFailure) -> Int32 {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw BackupFailure(path, errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { throw BackupFailure("\(path): another process is copying there") }
      throw BackupFailure(path, code)
    }
    return descriptor
  }

  /// What is free there, in bytes.
  func room() throws(BackupFailure) -> UInt64 {
    var info = statvfs()
    guard fstatvfs(descriptor, &info) == 0 else { throw BackupFailure(path, errno) }
    return UInt64(info.f_bavail) * UInt64(info.f_frsize)
  }

  /// `tick` gets the bytes copied since its last call; what it throws ends the copy.
  func copy(
    _ source: LogSnapshot.File, tick: (UInt64) throws(BackupFailure) -> Void
  ) throws(BackupFailure) {
    let name = source.file.name + Self.suffix
    let target = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard target >= 0 else { throw BackupFailure("\(path)/\(name)", errno) }
    defer { close(target) }
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.partBytes, alignment: 16)
    defer { part.deallocate() }
    var offset: UInt64 = 0
    while offset < source.length {
      let wanted = Int(min(UInt64(part.count), source.length - offset))
      let count = try source.file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: part[..<wanted]), at: offset)
      // A segment that was finished meanwhile is cut to its end.
      if count == 0 { break }
      try write(part[..<count], to: target, at: offset, name)
      offset += UInt64(count)
      try tick(UInt64(count))
    }
    // The zeros of a segment that is being written are part of it.
    let size = try source.file.size()
    guard ftruncate(target, off_t(size)) == 0, fsync(target) == 0 else {
      throw BackupFailure("\(path)/\(name)", errno)
    }
  }

  private func write(
    _ bytes: Slice<UnsafeMutableRawBufferPointer>, to target: Int32, at offset: UInt64,
    _ name: String
  ) throws(BackupFailure) {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        target, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw BackupFailure("\(path)/\(name)", errno)
      }
    }
  }

  /// Gives the files their names. Where this is cut off, the files that are missing are the first
  /// ones of the log, which a start names as missing, instead of taking what there is for all.
  func name(_ files: [LogSnapshot.File]) throws(BackupFailure) {
    let isSegment = { (file: LogSnapshot.File) in FileNames.segmentID(file.file.name) != nil }
    let others = files.filter { !isSegment($0) }
    for file in others + files.filter(isSegment).sorted(by: { $0.file.name > $1.file.name }) {
      let name = file.file.name
      guard renameat(descriptor, name + Self.suffix, descriptor, name) == 0 else {
        throw BackupFailure("\(path)/\(name)", errno)
      }
    }
    guard fsync(descriptor) == 0 else { throw BackupFailure(path, errno) }
  }

  /// The directory's own name, when all is done. A rename of a directory replaces nothing but an
  /// empty one.
  func move(to target: String) throws(BackupFailure) {
    guard rename(path, target) == 0 else {
      throw BackupFailure(target, errno)
    }
    let parent = Glibc.open(target + "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    defer { close(parent) }
    if fsync(parent) != 0 { throw BackupFailure(target, errno) }
  }

  /// As if nothing had been begun.
  func remove() {
    if isOurs {
      try? removeOurs()
      rmdir(path)
    } else {
      try? removeTemporaries()
    }
  }

  private func removeOurs() throws(BackupFailure) {
    try removeTemporaries()
    for name in try names() where LogSnapshot.isTaken(name) {
      guard unlinkat(descriptor, name, 0) == 0 else {
        throw BackupFailure("\(path)/\(name)", errno)
      }
    }
  }

  private func names() throws(BackupFailure) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw BackupFailure("\(path): its files can't be listed")
    }
  }

  private func removeTemporaries() throws(BackupFailure) {
    for name in try names() where FileNames.isTemporary(name) {
      guard unlinkat(descriptor, name, 0) == 0 else {
        throw BackupFailure("\(path)/\(name)", errno)
      }
    }
  }
}
