import Glibc
import SegmentLog

/// The files of a log as they stood at one moment, held open: their bytes stay readable when the
/// server drops them meanwhile, and nothing is left behind however the process ends, since a link
/// would have to be removed and a descriptor need not be.
///
/// A copy of them is a directory as a crash could have left it; `Sources/SegmentLog/README.md` says
/// why, under "A copy of a running log".
struct LogSnapshot {
  struct File {
    var file: any DiskFile
    var name: String { file.name }
    /// Bytes that are taken of it; what follows up to its size are zeros.
    var length: UInt64
  }

  private(set) var files: [File] = []
  var bytes: UInt64 { files.reduce(0) { $0 + $1.length } }

  /// As long as a log stays in motion it is tried again.
  private static let attempts = 50

  /// - Throws: that the directory can't be read, holds no segment, or that in each try files went
  ///   before they were opened.
  init(of disk: any Disk) throws(BackupFailure) {
    for _ in 0..<Self.attempts {
      if let snapshot = try Self.attempt(disk) {
        self = snapshot
        if files.isEmpty {
          throw BackupFailure("\(disk.path): no segment of a log stands here", .log)
        }
        return
      }
      usleep(100_000)
    }
    throw BackupFailure(
      "\(disk.path): in each of \(Self.attempts) tries files went before they were opened")
  }

  private init(files: [File]) { self.files = files }

  /// nil: something went, or a server started, in between.
  private static func attempt(_ disk: any Disk) throws(BackupFailure) -> Self? {
    do throws(DiskError) { return try open(disk) } catch {
      switch error.code {
      case ENOENT: return nil
      case EMFILE:
        throw BackupFailure(
          "\(disk.path): too many files for the limit of open ones; raise ulimit -n")
      default: throw BackupFailure("\(error)")
      }
    }
  }

  private static func open(_ disk: any Disk) throws(DiskError) -> Self? {
    var opened: [String: any DiskFile] = [:]
    var marks: [String: FileMark] = [:]
    func open(where isWanted: (String) -> Bool) throws(DiskError) -> [String] {
      let names = try disk.list().filter(isWanted)
      for name in names where opened[name] == nil {
        marks[name] = FileMark(disk, name)
        opened[name] = try disk.open(name, .readOnly)
      }
      return names
    }
    func isSegment(_ name: String) -> Bool { FileNames.segmentID(name) != nil }
    func isCheckpoint(_ name: String) -> Bool { FileNames.checkpointNumber(name) != nil }

    let start = FileMark(disk, FileNames.lock)
    let checkpoints = try open(where: isCheckpoint)
    _ = try open(where: isSegment)
    // A server that has just started moves the end of the last segment into a new one, so new ones
    // are looked for once more.
    let segments = try open(where: isSegment)
    guard let active = segments.last, let file = opened[active] else { return Self(files: []) }
    let end = try endOfData(file)
    _ = try open(where: isTakenLast)

    let now = try disk.list().filter(isCheckpoint)
    let areKept = checkpoints.isEmpty ? now.count < 2 : checkpoints.allSatisfy(now.contains)
    // A start puts a new file into the place of a segment in which nothing is proven.
    let isActive = FileMark(disk, active)?.isSameFile(as: marks[active]) == true
    guard areKept, isActive, FileMark(disk, FileNames.lock) == start else { return nil }
    var files: [File] = []
    for (name, file) in opened.sorted(by: { $0.key < $1.key }) {
      files.append(File(file: file, length: name == active ? end : try file.size()))
    }
    return Self(files: files)
  }

  /// Behind the last byte that isn't zero; found from the back, since a segment is zero-filled.
  private static func endOfData(_ file: any DiskFile) throws(DiskError) -> UInt64 {
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { part.deallocate() }
    let zeros = [UInt8](repeating: 0, count: part.count)
    var end = try file.size()
    while end > 0 {
      let start = end > UInt64(part.count) ? end - UInt64(part.count) : 0
      let wanted = UnsafeMutableRawBufferPointer(rebasing: part[..<Int(end - start)])
      let count = try file.read(into: wanted, at: start)
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

  /// Whether files of this name are part of a copy.
  static func isTaken(_ name: String) -> Bool {
    isTakenLast(name) || FileNames.segmentID(name) != nil
      || FileNames.checkpointNumber(name) != nil
  }

  private static func isTakenLast(_ name: String) -> Bool {
    [FileNames.identity, FileNames.acceptedDamage, FileNames.clock].contains(name)
      || FileNames.coldID(name) != nil || FileNames.dedupID(name) != nil
  }
}

/// Which file stands under a name, and when it was written to last.
struct FileMark: Equatable {
  private var device: dev_t
  private var inode: ino_t
  private var changedAt: [Int]

  /// nil: nothing stands there.
  init?(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return nil }
    device = info.st_dev
    inode = info.st_ino
    changedAt = [info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
  }

  init?(_ disk: any Disk, _ name: String) { self.init(disk.path + "/" + name) }

  func isSameFile(as other: Self?) -> Bool { device == other?.device && inode == other?.inode }
}
