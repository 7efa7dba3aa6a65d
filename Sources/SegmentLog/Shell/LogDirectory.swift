/// The directory of a log, held for as long as the log is open.
package struct LogDirectory: Sendable {
  package var disk: any Disk
  /// Gives the lock free. Called once, after the last access.
  package var unlock: @Sendable () -> Void

  package init(disk: any Disk, unlock: @escaping @Sendable () -> Void) {
    self.disk = disk
    self.unlock = unlock
  }

  /// A directory of the real file system, created when it is missing, with its lock taken.
  /// `readOnly`: it must exist, and nothing in it is made or changed.
  package init(path: String, readOnly: Bool = false) throws(LogOpenError) {
    do throws(FileDisk.OpenFailure) {
      disk = try FileDisk(path: path, access: readOnly ? .readOnly : .readWrite)
    } catch {
      throw .directory(error)
    }
    do throws(DirectoryLock.Failure) {
      let held = HeldLock(try DirectoryLock(path: path, readOnly: readOnly))
      unlock = { held.release() }
    } catch {
      throw .lock(error)
    }
  }
}
