import ArgumentParser
import Delivery
import SegmentLog

struct CompactCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Makes the log as small as what still waits.",
    discussion: """
      What lives in segments that are mostly finished is copied into compacted ones, and every file \
      in which nothing is left goes. What was removed is printed, what was kept and why, and the \
      bytes before and after. On a terminal a bar shows how far it is.

      While a server is running it does this itself, asked through its admin listener; on the log \
      of a stopped server it is done here.

      Exit codes: 0 done; 1 it failed; 73 what was done can't be printed; 74 the log can't be used; 75 another process holds it.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Print what would be done with each file, and why, and do nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "The log, when it is not the one of the configuration.", valueName: "directory"))
  var log: String?

  @Option(
    help: ArgumentHelp(
      "The admin listener of the running server, when it is not the one of the configuration.",
      valueName: "url"))
  var admin: String?

  @Option(
    help: ArgumentHelp(
      "Its admin token, when it is not the one of the configuration.", valueName: "text"))
  var token: String?

  func validate() throws {
    if log != nil, admin != nil {
      throw ValidationError("--log and --admin can't be given together.")
    }
  }

  func run() async throws {
    let configuration = try options.loadForLog()
    let text: String
    do throws(Compaction.Failure) {
      let place: Compaction.Place =
        if let admin {
          .there(admin, token: token ?? configuration.adminToken)
        } else {
          try Compaction.place(
            directory: log, configuration, token: token, readOnly: dryRun)
        }
      if dryRun {
        let preview = try await Compaction.preview(at: place, configuration)
        text = CompactionText.text(preview)
      } else {
        text = CompactionText.text(try await Compaction.run(at: place, configuration))
      }
    } catch {
      throw error.status.saying(error.reason)
    }
    try StandardOutput.print(text)
  }
}
