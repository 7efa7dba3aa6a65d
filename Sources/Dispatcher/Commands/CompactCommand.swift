import ArgumentParser
import SegmentLog

struct CompactCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Removes the files of the log in which nothing is left to do.",
    discussion: """
      A file goes when everything in it and in all older ones was delivered or cancelled. What was \
      removed is printed, what was kept and why, and the bytes before and after.

      While a server is running it does this itself, asked through its admin listener; on the log \
      of a stopped server it is done here.

      Exit codes: 0 done; 1 it failed; 74 the log can't be used; 75 another process holds it.
      """)

  @OptionGroup var options: ConfigurationOptions

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
    let configuration = try options.load().configuration
    let report: CompactionReport
    do throws(Compaction.Failure) {
      if let admin {
        report = try await Compaction.online(admin, token: token ?? configuration.adminToken)
      } else {
        report = try await Compaction.run(directory: log, configuration, token: token)
      }
    } catch {
      throw error.status.saying(error.reason)
    }
    StandardOutput.print(CompactionText.text(report))
  }
}
