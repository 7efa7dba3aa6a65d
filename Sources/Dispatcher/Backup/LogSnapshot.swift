import Glibc
import SegmentLog

/// The files of a log as they stood at one moment, held open: their bytes stay readable when the
/// server drops them meanwhile, and nothing is left behind however the process ends, since a link
/// would have to be removed and a descriptor need not be.
///
/// A copy of them is a directory as a crash could have left it:
///
/// - Files with a final name are never written to again, but for the active segment; at most a
///   finished segment is cut to its end, which its successor names. Of the active one only what was
///   written when it was opened is taken: what is read from front to back while frames are added
///   could have the end of a frame without its beginning.
/// - Checkpoints are opened before the segments, so that none knows of more than these hold; cold
///   files after them, so that each that a `COMPACTED` record names is there.
/// - Nothing that a kept checkpoint needs is dropped. When those that were opened still stand at the
///   end, everything that they need was there all the time; otherwise it is begun anew.
/// - A start (which `LOCK` shows) moves the unproven end of the last segment into a new one. When one
///   came in between, it is begun anew, too.
struct LogSnapshot {
  struct File {
    var file: SourceFile
    /// What is taken of it, in bytes; what follows up to its size are zeros.
    var length: UInt64
  }

  private(set) var files: [File] = []
  var bytes: UInt64 { files.reduce(0) { $0 + $1.length } }

  /// As long as a log stays in motion it is tried again.
  private static let attempts = 50

  /// - Throws: that the directory can't be read, holds no segment, or that in each try files went
  ///   before they were opened.
  init(of directory: SourceDirectory) throws(BackupFailure) {
    for _ in 0..<Self.attempts {
      if let snapshot = try Self.attempt(directory) {
        self = snapshot
        return
      }
      usleep(100_000)
    }
    throw BackupFailure(
      "\(directory.path): in each of \(Self.attempts) tries files went before they were opened")
  }

  private init(files: [File]) { self.files = files }

  /// nil: something went, or a server started, in between.
  private static func attempt(_ directory: SourceDirectory) throws(BackupFailure) -> Self? {
    var opened: [SourceFile] = []
    /// False when one of them is gone.
    func open(_ names: [String]) throws(BackupFailure) -> Bool {
      for name in names where !opened.contains(where: { $0.name == name }) {
        guard let file = try directory.open(name) else { return false }
        opened.append(file)
      }
      return true
    }

    let start = directory.mark(of: FileNames.lock)
    let checkpoints = try directory.names { FileNames.checkpointNumber($0) != nil }
    guard try open(checkpoints) else { return nil }
    // A server that has just started moves the end of the last segment into a new one, so new ones
    // are looked for once more.
    var segments: [String] = []
    for _ in 0..<2 {
      segments = try directory.names { FileNames.segmentID($0) != nil }
      guard try open(segments) else { return nil }
    }
    guard let active = segments.last else {
      throw BackupFailure("\(directory.path): no segment of a log stands here", .log)
    }
    let ends = try opened.first { $0.name == active }.map { file throws(BackupFailure) in
      try file.endOfData()
    }
    guard try open(try directory.names(where: isTakenLast)) else { return nil }

    let now = try directory.names { FileNames.checkpointNumber($0) != nil }
    let areKept = checkpoints.isEmpty ? now.count < 2 : checkpoints.allSatisfy(now.contains)
    // A start puts a new file into the place of a segment in which nothing is proven.
    let isActive = opened.contains {
      $0.name == active && directory.mark(of: active)?.isSameFile(as: $0.mark) == true
    }
    guard areKept, isActive, directory.mark(of: FileNames.lock) == start else { return nil }
    var files: [File] = []
    for file in opened {
      files.append(
        File(file: file, length: file.name == active ? ends ?? 0 : try file.size()))
    }
    return Self(files: files)
  }

  /// Whether files of this name are part of a copy.
  static func isTaken(_ name: String) -> Bool {
    isTakenLast(name) || FileNames.segmentID(name) != nil
      || FileNames.checkpointNumber(name) != nil
  }

  private static func isTakenLast(_ name: String) -> Bool {
    name == FileNames.identity || name == FileNames.acceptedDamage
      || FileNames.coldID(name) != nil || FileNames.dedupID(name) != nil
  }
}
