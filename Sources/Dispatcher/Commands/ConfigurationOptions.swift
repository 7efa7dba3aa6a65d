import ArgumentParser
import FoundationEssentials

/// `--config`, as every verb that needs the configuration has it.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file.",
      discussion: """
        Without this option config.yml of the working directory is read if it is there. Every key \
        can also be set as DISPATCHER_<KEY> in the environment, which wins.
        """, valueName: "file"))
  var config: String?

  /// Ends the command with one line when the configuration is wrong.
  func load() throws -> LoadedConfiguration {
    do {
      return try ConfigurationFile.load(
        config, environment: ProcessInfo.processInfo.environment)
    } catch {
      throw ExitStatus.configuration.saying("\(error)")
    }
  }
}
