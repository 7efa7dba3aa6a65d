import ArgumentParser

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies the log, also while its server writes to it.",
    discussion: """
      The copy holds every message that was answered before the backup began. No lock is taken and \
      nothing in the log is touched, so that nothing is left behind there, however the backup ends. \
      The copy appears under its name when it is whole, synced and read back to the last byte; \
      nobody but the owner can read it. Until then it is TARGET.partial, which an ended backup takes \
      away, and after a kill -9 the next one.

      Exit codes: 0 done; 1 not done; 2 done, but the log is damaged, which is printed; 73 what was \
      done can't be printed; 74 there is no log; 78 the configuration is wrong.

      Example: dispatcher backup /mnt/backup/monday
      """)

  @Argument(
    help: ArgumentHelp("Where to; it must not exist.", valueName: "target"),
    completion: .directory)
  var target: String

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "The log, when it is not the one of the configuration.", valueName: "directory"),
    completion: .directory)
  var log: String?

  func run() throws {
    let log = try self.log ?? options.load().configuration.log
    try BackupText.run("\(target): a copy of \(log)") { backup throws(BackupFailure) in
      guard LogDoor.holdsLog(log) else { throw BackupFailure("\(log): there is no log here", .log) }
      return try backup.backUp(log, to: target)
    }
  }
}

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Puts a backup in the place of a log, which must be empty.",
    discussion: """
      The log must not exist, or be an empty directory; what is there is never overwritten. The \
      backup is copied and stays as it is, and the copy is read back to the last byte. What was \
      accepted after the backup is not in it, and what was delivered since is delivered again, with \
      the same webhook-id.

      Exit codes: 0 done; 1 not done; 2 done, but the backup is damaged, which is printed; 73 what \
      was done can't be printed; 74 there is no backup; 75 a server holds the directory; 78 the \
      configuration is wrong.

      Example: dispatcher restore /mnt/backup/monday
      """)

  @Argument(
    help: ArgumentHelp("What dispatcher backup made.", valueName: "backup"),
    completion: .directory)
  var backup: String

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "Where to, when it is not the log of the configuration.", valueName: "directory"),
    completion: .directory)
  var log: String?

  func run() throws {
    let log = try self.log ?? options.load().configuration.log
    try BackupText.run("\(log): restored from \(backup)") { copy throws(BackupFailure) in
      guard LogDoor.holdsLog(backup) else {
        throw BackupFailure("\(backup): there is no log here", .log)
      }
      return try copy.restore(backup, to: log)
    }
  }
}

/// What both say at the end.
enum BackupText {
  static func run(
    _ what: String, _ work: (Backup) throws(BackupFailure) -> Backup.Result
  ) throws {
    let progress = CopyProgress()
    let result: Backup.Result
    do throws(BackupFailure) {
      result = try work(Backup(signals: TerminationSignals(), progress: progress))
    } catch {
      progress.end()
      throw error.status.saying(error.reason)
    }
    for line in result.damage { StandardError.print("dispatcher: \(line)") }
    try StandardOutput.print("\(what), \(text(result))")
    if !result.damage.isEmpty { throw ExitCode(ExitStatus.damage.rawValue) }
  }

  static func text(_ result: Backup.Result) -> String {
    let checked =
      if !result.damage.isEmpty {
        "DAMAGED"
      } else if result.hasTornTail {
        "checked (it ends as after a crash, which is how a running log ends)"
      } else {
        "checked"
      }
    return "\(result.files) files, \(ByteSize.rounded(result.bytes)), \(checked)"
  }
}
