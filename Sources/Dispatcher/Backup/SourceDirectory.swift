import FoundationEssentials
import Glibc

/// A directory that is only read.
final class SourceDirectory {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws(BackupFailure) {
    self.path = path
    descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw BackupFailure(path, errno) }
  }

  deinit { close(descriptor) }

  /// Ascending.
  func names(where isWanted: (String) -> Bool) throws(BackupFailure) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).filter(isWanted).sorted()
    } catch {
      throw BackupFailure("\(path): its files can't be listed")
    }
  }

  /// nil: it is gone.
  func open(_ name: String) throws(BackupFailure) -> SourceFile? {
    // A FIFO with a segment's name must not hang the backup.
    let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      if errno == EMFILE {
        throw BackupFailure("\(path): too many files for the limit of open ones; raise ulimit -n")
      }
      throw BackupFailure("\(path)/\(name)", errno)
    }
    return try SourceFile(name: name, path: "\(path)/\(name)", descriptor: file)
  }

  /// What stands under a name now; nil: nothing.
  func mark(of name: String) -> FileMark? {
    var info = stat()
    guard fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileMark(info)
  }
}

/// Which file it is, and when it was written to last.
struct FileMark: Equatable {
  private var device: dev_t
  private var inode: ino_t
  private var changedAt: [Int]

  init(_ info: stat) {
    device = info.st_dev
    inode = info.st_ino
    changedAt = [info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
  }

  func isSameFile(as other: Self) -> Bool { device == other.device && inode == other.inode }
}

/// A file that is open for reading.
final class SourceFile {
  let name: String
  let path: String
  let descriptor: Int32

  init(name: String, path: String, descriptor: Int32) throws(BackupFailure) {
    self.name = name
    self.path = path
    self.descriptor = descriptor
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      throw BackupFailure("\(path): it is no file")
    }
  }

  deinit { close(descriptor) }

  var mark: FileMark {
    var info = stat()
    fstat(descriptor, &info)
    return FileMark(info)
  }

  func size() throws(BackupFailure) -> UInt64 {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw BackupFailure(path, errno) }
    return UInt64(max(0, info.st_size))
  }

  /// Fewer bytes than asked for: the file ends there.
  func read(into part: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(BackupFailure)
    -> Int
  {
    var done = 0
    while done < part.count {
      let count = pread(
        descriptor, part.baseAddress! + done, part.count - done, off_t(offset) + off_t(done))
      if count == 0 { break }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        throw BackupFailure(path, errno)
      }
    }
    return done
  }

  /// Behind its last byte that isn't zero; found from the back, since a segment is zero-filled.
  func endOfData() throws(BackupFailure) -> UInt64 {
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { part.deallocate() }
    let zeros = [UInt8](repeating: 0, count: part.count)
    var end = try size()
    while end > 0 {
      let start = end > UInt64(part.count) ? end - UInt64(part.count) : 0
      let wanted = UnsafeMutableRawBufferPointer(rebasing: part[..<Int(end - start)])
      let count = try read(into: wanted, at: start)
      // A segment may be 1 GiB of zeros, which are not looked at one by one.
      if memcmp(wanted.baseAddress!, zeros, count) != 0,
        let last = wanted[..<count].lastIndex(where: { $0 != 0 })
      {
        return start + UInt64(last) + 1
      }
      end = start
    }
    return 0
  }
}
