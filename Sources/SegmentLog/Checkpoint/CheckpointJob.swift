import Glibc
import Synchronization

/// Writes one checkpoint, off the writer's thread: temporary file → sync → rename → sync of the
/// directory; then the checkpoints before the last two go.
///
/// A `Mutex` around the content, because it is taken out once, on another thread than it was made
/// on, and must not be kept alive by the job that is run.
package final class CheckpointJob: Sendable {
  private let number: UInt64
  private let position: LogPosition
  /// The one before, which stays.
  private let previous: UInt64?
  /// A file of the reserve to write it into, where there is no room for a new one.
  private let spare: String?
  private let content: Mutex<Checkpoint?>

  init(_ content: Checkpoint, previous: UInt64?, spare: String? = nil) {
    self.spare = spare
    number = content.number
    position = content.position
    self.previous = previous
    self.content = Mutex(content)
  }

  /// Slow. To be called once. A failure leaves the checkpoints that stand as they are.
  package func run(on disk: any Disk) -> CheckpointResult {
    guard let content = content.withLock({ $0.take() }) else {
      preconditionFailure("a checkpoint is written once")
    }
    let name = FileNames.checkpointTemporary
    do throws(DiskError) {
      let written = try write(content, to: try create(name, on: disk))
      try disk.rename(name, toNew: FileNames.checkpoint(number))
      do throws(DiskError) { try disk.syncDirectory() } catch {
        return CheckpointResult(number: number, outcome: .namesUnknown(error))
      }
      unlinkOlder(on: disk)
      return CheckpointResult(number: number, outcome: .written(written.kept, bytes: written.bytes))
    } catch {
      // A file that stays would only take space; the next try and the next start delete it too.
      try? disk.unlink(name)
      return CheckpointResult(number: number, outcome: .failed(error))
    }
  }

  /// What an earlier try could not delete is in the way.
  private func create(_ name: String, on disk: any Disk) throws(DiskError) -> any DiskFile {
    if let spare {
      try disk.rename(spare, to: name)
      return try disk.open(name, .readWrite)
    }
    do throws(DiskError) { return try disk.open(name, .createNew) } catch {
      guard error.code == EEXIST else { throw error }
      try disk.unlink(name)
      return try disk.open(name, .createNew)
    }
  }

  private func write(
    _ content: consuming Checkpoint, to file: any DiskFile
  ) throws(DiskError) -> (kept: KeptCheckpoint, bytes: UInt64) {
    defer { file.close() }
    // The content is gone when it is known which files hold notes.
    var kept = content.kept(noted: [])
    let files = (content.segments + content.cold).map(\.logFile)
    var encoder = CheckpointEncoder(file: file)
    try encoder.encode(content)
    if spare != nil { try file.truncate(to: encoder.bytes) }
    try file.sync()
    for file in files where kept.needs[file] == nil && encoder.noted.contains(file) {
      kept.needs[file] = .note
    }
    return (kept, encoder.bytes)
  }

  /// Best effort: what stays is unlinked after the next one.
  private func unlinkOlder(on disk: any Disk) {
    for old in CheckpointReader.numbers(in: (try? disk.list()) ?? [])
    where old != number && old != previous {
      try? disk.unlink(FileNames.checkpoint(old))
    }
  }
}

package struct CheckpointResult: Sendable {
  enum Outcome: Sendable {
    case written(KeptCheckpoint, bytes: UInt64)
    /// Nothing has changed; to be tried again.
    case failed(DiskError)
    /// The directory could not be synced: which names are durable is not known any more, and the
    /// next sync may report success. The log can't go on.
    case namesUnknown(DiskError)
  }
  var number: UInt64
  var outcome: Outcome
}
