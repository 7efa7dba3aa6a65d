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

  /// The same for a verb that opens a log: what it forgets is what the server's configuration says, so
  /// that it is told when there is none.
  func loadForLog() throws -> Configuration {
    let loaded = try load()
    if loaded.file == nil {
      let window = DurationText.format(loaded.configuration.dedupWindow)
      StandardError.print(
        "dispatcher: no configuration was found (name it with --config): dedup_window is taken to "
          + "be \(window)")
    }
    return loaded.configuration
  }

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
