import ArgumentParser
import Delivery
import Glibc

/// The command line: `dispatcher` alone is `dispatcher serve`.
@main
struct DispatcherCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispatcher",
    abstract: "Accepts HTTP messages, makes them durable, and delivers them at least once.",
    discussion: """
      Without a verb the server is started, as with "dispatcher serve".

      Exit codes: 0 all is well; 1 it failed; 2 damage was found (repair); 64 the command line is \
      wrong; 66 what was to be read can't be; 73 what was to be printed can't be written; 74 the log can't be used or its disk \
      failed; 75 another process holds the log; 78 the configuration is wrong.
      """,
    version: version,
    subcommands: [
      ServeCommand.self, CompactCommand.self, RepairCommand.self, BackupCommand.self,
      RestoreCommand.self, CheckConfigCommand.self, SendCommand.self, LoadCommand.self,
      SinkCommand.self,
    ],
    defaultSubcommand: ServeCommand.self)

  static func main() async {
    StandardStreams.prepare()
    refuseWhatCantBeRead()
    await main(nil)
  }

  private static func refuseWhatCantBeRead() {
    let verbs = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let refusal = CommandLineCheck.refusal(CommandLine.arguments, verbs: verbs) else {
      return
    }
    StandardError.print("dispatcher: \(refusal)")
    Glibc.exit(EX_USAGE)
  }
}

/// The version of the program: what `--version` prints.
let version = "0.1.0"
