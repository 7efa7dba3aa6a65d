/// The directory of a log, held for as long as the log is open.
package struct LogDirectory: Sendable {
  package var disk: any Disk
  /// Gives the lock free. Called once, after the last access.
  package var unlock: @Sendable () -> Void
  /// Whether `LOCK` still is the file that was locked.
  package var isLocked: @Sendable () -> Bool

  package init(
    disk: any Disk, isLocked: @escaping @Sendable () -> Bool = { true },
    unlock: @escaping @Sendable () -> Void
  ) {
    self.disk = disk
    self.isLocked = isLocked
    self.unlock = unlock
  }

  /// A directory of the real file system, created when it is missing, with its lock taken.
  /// `readOnly`: it must exist, and nothing in it is made or changed. `listeners`: where the process
  /// that locks it can be reached, for who finds it locked.
  package init(
    path: String, readOnly: Bool = false, listeners: [String] = []
  ) throws(LogOpenError) {
    do throws(FileDisk.OpenFailure) {
      disk = try FileDisk(path: path, access: readOnly ? .readOnly : .readWrite)
    } catch {
      throw .directory(error)
    }
    do throws(DirectoryLock.Failure) {
      let held = HeldLock(
        try DirectoryLock(path: path, readOnly: readOnly, listeners: listeners))
      unlock = { held.release() }
      isLocked = { held.isInPlace }
    } catch {
      throw .lock(error)
    }
  }
}
