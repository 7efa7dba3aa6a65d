import ArgumentParser
import SegmentLog

@main
struct LogInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log-inspect",
    abstract: "Shows what is in a log directory, whether its server runs or not.",
    discussion: """
      Without an option it prints a table of the segments. It only reads: it takes no lock, repairs \
      nothing and changes no byte.

      Exit codes of --verify (the highest that applies):
        0   clean
        1   torn or unproven tail: a commit that was never answered, or one that nothing written
            later proves; normal after a crash and while a server runs
        2   damage: bytes that were synced are not what was written
        3   a segment is missing
      Otherwise 0, 1 when --uuid finds nothing, 64 for wrong arguments, 66 when the directory can't
      be read.

      live: neither delivered nor cancelled. raw: payloads before compression. stored: bytes of the
      frames, everything counted.
      """)

  @Argument(help: "The log directory, as `log` in config.yml names it.", completion: .directory)
  var directory: String

  @Flag(name: .long, help: "One line per message: what it is and what became of it.")
  var records = false

  @Option(name: .long, help: "The whole history of the messages with this UUID.")
  var uuid: String?

  @Flag(name: .long, help: "Check every byte that is ever read; the exit code says the result.")
  var verify = false

  @Flag(name: .long, help: "JSON instead of text; with --records one object per line.")
  var json = false

  func validate() throws {
    guard [records, uuid != nil, verify].count(where: { $0 }) <= 1 else {
      throw ValidationError("--records, --uuid and --verify exclude each other.")
    }
  }

  func run() throws {
    let output = Output()
    defer { output.flush() }
    do {
      let disk = try FileDisk(path: directory, access: .readOnly)
      let code = try inspect(disk, output)
      if code != 0 { throw ExitCode(code) }
    } catch let failure as FileDisk.OpenFailure {
      throw cannotRead(failure.description)
    } catch let error as DiskError {
      throw cannotRead(error.description)
    }
  }

  private func inspect(_ disk: FileDisk, _ output: Output) throws(DiskError) -> Int32 {
    let progress = Progress()
    if let uuid {
      let chain = try LogChain.read(disk)
      noteEmpty(chain)
      let history = try MessageHistory(
        of: Array(uuid.utf8), in: chain, on: disk, progress: progress.advance)
      progress.end()
      return HistoryView(uuid: uuid, history: history).print(to: output, json: json)
    }
    let survey = try LogSurvey(of: disk, progress: progress.advance)
    progress.end()
    noteEmpty(survey.chain)
    if verify { return VerifyView(survey: survey).print(to: output, json: json) }
    if records {
      try RecordsView(records: LogRecords(survey, on: disk)).print(to: output, json: json)
    } else {
      TableView(overview: survey.overview, problems: survey.problems).print(to: output, json: json)
    }
    if let severity = survey.severity, severity > .tornTail {
      Output.note("log-inspect: not all is well with this log; --verify tells what")
    }
    return 0
  }

  /// An empty log is nothing wrong; a directory that was mistyped is.
  private func noteEmpty(_ chain: LogChain) {
    guard chain.isEmpty else { return }
    Output.note("log-inspect: nothing of a log stands in \(printable(directory))")
  }

  private func cannotRead(_ reason: String) -> ExitCode {
    Output.note("log-inspect: \(reason)")
    return ExitCode(66)
  }
}
