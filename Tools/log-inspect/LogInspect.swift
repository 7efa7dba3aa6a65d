import ArgumentParser
import Delivery
import Glibc
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
        0   clean, or damaged only where `dispatcher repair --accept` has accepted it
        1   torn or unproven tail: a commit that was never answered, or one that nothing written
            later proves; normal after a crash and while a server runs
        2   damage: bytes that were synced are not what was written
        3   a segment is missing
      Of --audit: 0 when the accounting closes, 2 when it does not. Otherwise 0, 1 when --uuid finds \
      nothing, 64 for wrong arguments, 66 when the directory can't be read or holds nothing of a \
      log, 73 when what was found, or the salvaged messages, can't be written.

      What is damaged, lost, delivered or pending is what a start of the server would make of the \
      directory; it takes as much memory.

      live: neither delivered nor cancelled. raw: payloads before compression. stored: bytes of the
      frames, everything counted.

      --since, --until, --destination, --state and --uuid say which messages --records, --salvage and \
      --follow mean; alone they ask for --records.
      """)

  @Argument(help: "The log directory, as `log` in config.yml names it.", completion: .directory)
  var directory: String

  @Flag(name: .long, help: "One line per message: what it is and what became of it.")
  var records = false

  @Flag(name: .long, help: "Check every byte that is ever read; the exit code says the result.")
  var verify = false

  @Flag(
    name: .long,
    help: "The accounting: accepted = delivered + dead + cancelled + pending, and what is missing.")
  var audit = false

  @Flag(name: .long, help: "Sizes, ratios, frames per sync, latencies, top destinations.")
  var stats = false

  @Option(
    name: .long,
    help: """
      Write every readable message as an envelope that can be posted again, one a line, in order, \
      into this new file (- is standard output), which can't stand in a log. Delivered ones too, \
      unless --state says otherwise.
      """,
    completion: .file())
  var salvage: String?

  @Flag(
    name: .long,
    help: """
      What happens from now on, until it is ended; with --since from that time, with --records from \
      the beginning.
      """)
  var follow = false

  @OptionGroup(title: "Which messages")
  var which: FilterOptions

  @Flag(name: .long, help: "JSON instead of text; lists as one object per line.")
  var json = false

  static func main() {
    StandardStreams.prepare()
    if let refusal = CommandLineText.refusal {
      Output.note("log-inspect: \(refusal)")
      Glibc.exit(EX_USAGE)
    }
    main(nil)
  }

  func validate() throws {
    let modes = [records && !follow, verify, audit, stats, salvage != nil, follow]
    guard modes.count(where: { $0 }) <= 1 else {
      throw ValidationError(
        "--records, --verify, --audit, --stats, --salvage and --follow exclude each other; only "
          + "--records goes with --follow.")
    }
    guard !(verify || audit || stats) || !(which.narrows || which.uuid != nil) else {
      throw ValidationError(
        "--since, --until, --destination, --state and --uuid go with --records, --salvage and "
          + "--follow.")
    }
    if let refusal = which.refusal { throw ValidationError(refusal) }
    if let salvage, salvage.isEmpty { throw ValidationError("--salvage needs a file, or -.") }
  }

  func run() throws {
    let output = Output()
    do {
      let disk = try FileDisk(path: directory, access: .readOnly)
      LogTimes.begin(disk)
      let code = try inspect(disk, output)
      output.flush()
      if let failure = output.failure {
        Output.note("log-inspect: \(StandardStreams.failure(failure))")
        throw ExitCode(StandardStreams.failureStatus)
      }
      if code != 0 { throw ExitCode(code) }
    } catch let failure as FileDisk.OpenFailure {
      throw cannotRead(failure.description)
    } catch let error as DiskError {
      output.flush()
      throw cannotRead(error.description)
    }
  }

  private func inspect(_ disk: FileDisk, _ output: Output) throws -> Int32 {
    if follow {
      let since = which.since.map { LogTimes.logMs($0.unixMs) } ?? (records ? 0 : nil)
      try FollowView(LogTail(disk, sinceMs: since), which.filter, json: json).run(to: output)
      return 0
    }
    if let salvage { return try write(to: salvage, disk, output) }
    if audit { return try printAudit(disk, output) }
    if stats { return try printStats(disk, output) }
    if let uuid = which.uuid, !records, !which.narrows {
      return try printHistory(uuid, disk, output)
    }
    if records || which.narrows || which.uuid != nil { return try printRecords(disk, output) }
    return try printSurvey(disk, output)
  }

  private func printSurvey(_ disk: FileDisk, _ output: Output) throws(DiskError) -> Int32 {
    let progress = Progress()
    var survey = try LogSurvey(
      of: disk, depth: verify ? .bodies : .heads, progress: progress.advance)
    progress.end()
    if survey.chain.isEmpty {
      let code = sayEmpty()
      if verify { return code }
    }
    survey.judge(by: try LogJudgement(of: disk))
    if verify { return VerifyView(survey: survey).print(to: output, json: json) }
    TableView(overview: survey.overview).print(to: output, json: json)
    if let severity = survey.severity, severity > .tornTail {
      Output.note("log-inspect: not all is well with this log; --verify tells what")
    }
    return 0
  }

  private func printAudit(_ disk: FileDisk, _ output: Output) throws(DiskError) -> Int32 {
    let progress = Progress()
    let audit = try LogAudit(of: disk, progress: progress.advance)
    progress.end()
    if audit.chain.isEmpty { return sayEmpty() }
    let judgement = try LogJudgement(of: disk)
    if let refusal = judgement.refusal {
      Output.note("log-inspect: a start is refused, so there are no books: \(refusal)")
      return 2
    }
    return AuditView(judgement: judgement, audit: audit, directory: disk.path)
      .print(to: output, json: json)
  }

  private func printStats(_ disk: FileDisk, _ output: Output) throws(DiskError) -> Int32 {
    let progress = Progress()
    let stats = try LogStats(of: disk, progress: progress.advance)
    progress.end()
    noteEmpty(stats.chain)
    StatsView(stats: stats, directory: disk.path).print(to: output, json: json)
    return 0
  }

  private func printHistory(
    _ uuid: String, _ disk: FileDisk, _ output: Output
  ) throws(DiskError) -> Int32 {
    let progress = Progress()
    let chain = try judgedChain(disk)
    noteEmpty(chain)
    let bytes = Array(uuid.utf8)
    let history = try MessageHistory(
      of: bytes, key: chain.store.map { UUIDKey(store: $0, messageUUID: bytes) }, in: chain,
      on: disk, progress: progress.advance)
    progress.end()
    return HistoryView(uuid: uuid, history: history).print(to: output, json: json)
  }

  private func printRecords(_ disk: FileDisk, _ output: Output) throws(DiskError) -> Int32 {
    let progress = Progress(printsBesides: true)
    let chain = try judgedChain(disk)
    noteEmpty(chain)
    let records = LogRecords(chain, on: disk, which.filter, progress: progress.advance)
    let (count, failures) = RecordsView(records: records, json: json).print(to: output)
    progress.end()
    if count == 0, which.narrows || which.uuid != nil {
      Output.note("log-inspect: no message is meant by what was asked for")
    }
    for failure in failures { Output.note("log-inspect: \(failure)") }
    for problem in chain.problems { Output.note("log-inspect: \(printable(problem.description))") }
    return 0
  }

  private func write(
    to target: String, _ disk: FileDisk, _ output: Output
  ) throws(DiskError) -> Int32 {
    let progress = Progress(printsBesides: target == "-")
    let chain = try judgedChain(disk).adopting(on: disk)
    noteEmpty(chain)
    do throws(SalvageFile.Failure) {
      let file = try SalvageFile(target)
      let result = Salvage(chain: chain, disk: disk, filter: which.filter)
        .run(progress: progress.advance, write: file.write)
      progress.end()
      try file.finish()
      SalvageReport(result: result, chain: chain, target: target).print(to: output, json: json)
      return 0
    } catch {
      progress.end()
      Output.note("log-inspect: \(error)")
      return StandardStreams.failureStatus
    }
  }

  /// With what a start makes of it, so that what it takes for delivered is shown as delivered.
  private func judgedChain(_ disk: FileDisk) throws(DiskError) -> LogChain {
    var chain = try LogChain.read(disk)
    if !chain.isEmpty { chain.judge(by: try LogJudgement(of: disk)) }
    return chain
  }

  private func noteEmpty(_ chain: LogChain) {
    if chain.isEmpty { _ = sayEmpty() }
  }

  /// A log without messages is nothing wrong; a directory that was mistyped, or whose disk isn't
  /// mounted, is.
  private func sayEmpty() -> Int32 {
    Output.note("log-inspect: nothing of a log stands in \(printable(directory))")
    return 66
  }

  private func cannotRead(_ reason: String) -> ExitCode {
    Output.note("log-inspect: \(reason)")
    return ExitCode(66)
  }
}
