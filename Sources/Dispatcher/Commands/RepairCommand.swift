import ArgumentParser
import Delivery

struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Shows what is damaged in the log of a stopped server; --accept goes on without it.",
    discussion: """
      Without --accept nothing is changed. All messages that have not ended are read; each damaged place is printed with file, offset, bytes, \
      what was expected and found, and which messages are lost with it, by number and, where the \
      log still knows it, by UUID.

      With --accept the lost messages are given up: they are counted as cancelled, the damage is \
      written down as known, and the next start takes new messages again. The damaged bytes stay \
      in the log's quarantine directory.

      Exit codes: 0 nothing is damaged, or it was accepted; 1 it failed; 2 there is damage, and \
      nothing was changed; 73 what was found can't be printed; 74 the log can't be used; 75 another process holds it.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "The log, when it is not the one of the configuration.", valueName: "directory"))
  var log: String?

  @Flag(help: "Give up what is lost.")
  var accept = false

  func run() throws {
    let configuration = try options.loadForLog()
    let log = self.log ?? configuration.log
    var isDamaged = false
    let text: String
    do throws(Repair.Failure) {
      if accept {
        text = RepairText.text(try Repair.accept(log, configuration))
      } else {
        let examined = try Repair.examine(log, configuration)
        text = RepairText.text(examined, log: log)
        isDamaged = !examined.damage.isEmpty
      }
    } catch {
      throw error.status.saying(error.reason)
    }
    try StandardOutput.print(text)
    if isDamaged { throw ExitCode(ExitStatus.damage.rawValue) }
  }
}
