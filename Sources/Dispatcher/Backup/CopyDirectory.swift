import Glibc
import SegmentLog

/// A directory into which a log is copied. Each file has a temporary name, which means nothing to a
/// server, until all of them are written and synced. It is locked as a log's directory is, so that
/// neither a server nor another copy comes in between.
final class CopyDirectory {
  let path: String
  private let disk: FileDisk
  private var lock: DirectoryLock?
  /// Taken away when the copy is not finished. Of an existing directory only the new files are.
  private let isNew: Bool

  private static let suffix = ".tmp"
  private static let partBytes = 1 << 20

  /// - Parameter isNew: the directory is made, or is the one that an earlier copy to this place left
  ///   behind when it was killed.
  init(_ path: String, isNew: Bool) throws(BackupFailure) {
    self.path = path
    self.isNew = isNew
    do throws(FileDisk.OpenFailure) { disk = try FileDisk(path: path, access: .readWrite) } catch {
      throw BackupFailure("\(error)")
    }
    do throws(DirectoryLock.Failure) { lock = try DirectoryLock(path: path) } catch {
      throw BackupFailure("\(error)", .logInUse)
    }
    try BackupFailure.wrapping { () throws(DiskError) in try removeOurs() }
  }

  /// What is free there, in bytes.
  func room() throws(BackupFailure) -> UInt64 {
    try BackupFailure.wrapping { () throws(DiskError) in try disk.space().availableBytes }
  }

  /// `tick` gets the bytes copied since its last call.
  func copy(_ source: LogSnapshot.File, tick: (UInt64) -> Void) throws(BackupFailure) {
    try BackupFailure.wrapping { () throws(DiskError) in
      let target = try disk.open(source.name + Self.suffix, .createNew)
      defer { target.close() }
      let part = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.partBytes, alignment: 16)
      defer { part.deallocate() }
      var offset: UInt64 = 0
      while offset < source.length {
        let wanted = Int(min(UInt64(part.count), source.length - offset))
        let count = try source.file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: part[..<wanted]), at: offset)
        // A segment that was finished meanwhile is cut to its end.
        if count == 0 { break }
        let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
        guard try target.write(bytes, at: offset) == count else {
          throw DiskError(operation: .write, file: target.name, code: DiskError.shortWrite)
        }
        offset += UInt64(count)
        tick(UInt64(count))
      }
      // The zeros of a segment that is being written are part of it.
      try target.truncate(to: try source.file.size())
      try target.sync()
    }
  }

  /// Gives the files their names. Where this is cut off, the files that are missing are the first
  /// ones of the log, which a start names as missing, instead of taking what there is for all.
  func name(_ files: [LogSnapshot.File]) throws(BackupFailure) {
    func isSegment(_ file: LogSnapshot.File) -> Bool { FileNames.segmentID(file.name) != nil }
    let segments = files.filter(isSegment).sorted { $0.name > $1.name }
    try BackupFailure.wrapping { () throws(DiskError) in
      for file in files.filter({ !isSegment($0) }) + segments {
        try disk.rename(file.name + Self.suffix, to: file.name)
      }
      try disk.syncDirectory()
    }
  }

  /// The directory's own name, when all is done. A rename of a directory replaces nothing but an
  /// empty one.
  func move(to target: String) throws(BackupFailure) {
    try BackupFailure.wrapping { () throws(DiskError) in try disk.unlink(FileNames.lock) }
    guard rename(path, target) == 0 else { throw BackupFailure(target, errno) }
    let parent = open(target + "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    defer { close(parent) }
    if fsync(parent) != 0 { throw BackupFailure(target, errno) }
  }

  /// As if nothing had been begun.
  func remove() {
    try? removeOurs()
    guard isNew else { return }
    try? disk.unlink(FileNames.lock)
    rmdir(path)
  }

  private func removeOurs() throws(DiskError) {
    for name in try disk.list()
    where FileNames.isTemporary(name) || isNew && LogSnapshot.isTaken(name) {
      try disk.unlink(name)
    }
  }
}
