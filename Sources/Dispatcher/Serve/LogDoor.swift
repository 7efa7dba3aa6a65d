import FoundationEssentials
import SegmentLog

/// The door of a log directory, tried before anything is started: what is wrong with it is said at
/// once, in words, and with an exit code of its own.
enum LogDoor {
  enum Problem: Error, Equatable {
    /// Another process has it.
    case inUse(String)
    case unusable(String)

    var exitStatus: ExitStatus {
      switch self {
      case .inUse: .logInUse
      case .unusable: .log
      }
    }

    var reason: String {
      switch self {
      case .inUse(let reason), .unusable(let reason): reason
      }
    }
  }

  /// Opens the directory (and makes it where there is none), takes its lock and gives it free
  /// again. Whoever opens the log later takes it for good.
  ///
  /// - Parameter readOnly: nothing is made or written, so that a log on a read-only mount can be looked
  ///   at.
  /// - Returns: the directory's permissions when others than its owner may look into it. They are not
  ///   changed: somebody may have meant them. And what its file system is worth.
  @discardableResult
  static func tryToOpen(
    _ path: String, readOnly: Bool = false
  ) throws(Problem) -> (permissions: String?, fileSystem: FileSystemKind) {
    let found: (permissions: String?, fileSystem: FileSystemKind)
    do throws(FileDisk.OpenFailure) {
      let disk = try FileDisk(path: path, access: readOnly ? .readOnly : .readWrite)
      found = (disk.permissionsForOthers(), disk.kind)
    } catch {
      throw .unusable("log: \(error)")
    }
    do throws(DirectoryLock.Failure) {
      _ = try DirectoryLock(path: path, readOnly: readOnly)
    } catch {
      switch error {
      case .held: throw .inUse("log: \(error)")
      case .failed: throw .unusable("log: \(error)")
      }
    }
    return found
  }

  /// For commands that work on a log which is there: so that a slip in a path does not make one.
  static func holdsLog(_ path: String) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.contains { $0 == FileNames.identity || LogFile(name: $0) != nil }
  }
}
