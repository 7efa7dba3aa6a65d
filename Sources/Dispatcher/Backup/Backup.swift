import Delivery
import FoundationEssentials
import Glibc
import SegmentLog

/// Copies of a log, made and put back. Both directions are one thing: the files of a directory as
/// they stood at one moment (`LogSnapshot`), in a directory that gets its name, or its files theirs,
/// when all are there (`CopyDirectory`), read back to the last byte.
struct Backup {
  struct Result {
    var files: Int
    var bytes: UInt64
    /// What was found wrong in the copy, as `log-inspect --verify` says it; empty: nothing.
    var damage: [String]
    /// It ends as after a crash, which is how the log of a running server ends.
    var hasTornTail: Bool
  }

  /// Ends the process when it has been told to end, after the copy was taken away.
  let signals: TerminationSignals
  let progress: CopyProgress

  /// - Parameters:
  ///   - log: a log; its server may run, and nothing in it is changed.
  ///   - target: must not exist.
  func backUp(_ log: String, to target: String) throws(BackupFailure) -> Result {
    let target = trimmed(target)
    try refuse(target, inside: log)
    guard FileMark(target) == nil else {
      throw BackupFailure("\(target) exists already, and is not overwritten")
    }
    return try copy(log, toNew: target)
  }

  /// - Parameters:
  ///   - backup: a directory that `backUp` made.
  ///   - log: must not exist, or be empty (a volume that was mounted for it).
  func restore(_ backup: String, to log: String) throws(BackupFailure) -> Result {
    let log = trimmed(log)
    guard FileMark(log) != nil else { return try copy(backup, toNew: log) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: log)) ?? []
    // What an ended restore leaves is temporary; the file system's own directory is nobody's.
    let strange = names.sorted().first {
      $0 != "lost+found" && $0 != FileNames.lock && !FileNames.isTemporary($0)
    }
    if let strange {
      throw BackupFailure(
        "\(log) holds \(strange): move what is there aside, nothing is overwritten")
    }
    return try copy(backup, into: CopyDirectory(log, isNew: false))
  }

  private func copy(_ source: String, toNew target: String) throws(BackupFailure) -> Result {
    try copy(source, into: CopyDirectory(target + ".partial", isNew: true), as: target)
  }

  private func copy(
    _ source: String, into directory: CopyDirectory, as target: String? = nil
  ) throws(BackupFailure) -> Result {
    do throws(BackupFailure) {
      let files = try fill(directory, from: source)
      try directory.name(files)
      let result = try result(of: files, in: directory)
      if let target { try directory.move(to: target) }
      return result
    } catch {
      directory.remove()
      throw error
    }
  }

  private func fill(
    _ directory: CopyDirectory, from source: String
  ) throws(BackupFailure) -> [LogSnapshot.File] {
    // One descriptor a file is held, so that none can go.
    _ = ProcessSetup.apply()
    let log: FileDisk
    do throws(FileDisk.OpenFailure) { log = try FileDisk(path: source, access: .readOnly) } catch {
      throw BackupFailure("\(error)", .log)
    }
    let snapshot = try LogSnapshot(of: log)
    let room = try directory.room()
    guard room >= snapshot.bytes else {
      throw BackupFailure(
        "\(directory.path): \(ByteSize.rounded(snapshot.bytes)) are needed, and "
          + "\(ByteSize.rounded(room)) are free")
    }
    for file in snapshot.files {
      try directory.copy(file) { bytes in
        progress.advance(bytes, of: snapshot.bytes)
        endIfTold(directory)
      }
    }
    return snapshot.files
  }

  private func result(
    of files: [LogSnapshot.File], in directory: CopyDirectory
  ) throws(BackupFailure) -> Result {
    progress.begin("checking")
    var survey: LogSurvey
    do {
      let disk = try FileDisk(path: directory.path, access: .readOnly)
      survey = try LogSurvey(of: disk) { [progress] in progress.advance($0, of: $1) }
      survey.judge(by: try LogJudgement(of: disk))
    } catch {
      throw BackupFailure("the copy can't be read: \(error)")
    }
    endIfTold(directory)
    progress.end()
    let isDamaged = survey.severity.map { $0 > .tornTail } ?? false
    return Result(
      files: files.count, bytes: files.reduce(0) { $0 + $1.length },
      damage: isDamaged ? survey.problems.filter { $0.severity > .tornTail }.map(\.text) : [],
      hasTornTail: survey.severity == .tornTail)
  }

  private func endIfTold(_ directory: CopyDirectory) {
    guard let status = signals.status else { return }
    progress.end()
    directory.remove()
    StandardError.print("dispatcher: ended by a signal")
    exit(status)
  }

  private func refuse(_ target: String, inside log: String) throws(BackupFailure) {
    let parent = URL(fileURLWithPath: target).deletingLastPathComponent().resolvingSymlinksInPath()
    let log = URL(fileURLWithPath: log).resolvingSymlinksInPath().path
    if (parent.path + "/").hasPrefix(log + "/") {
      throw BackupFailure("\(target) would stand in the log; nothing is written there")
    }
  }

  private func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
