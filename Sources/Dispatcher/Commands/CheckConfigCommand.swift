import ArgumentParser

struct CheckConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Prints the configuration that would be in force, or what is wrong with it.",
    discussion: """
      Each line names where its value comes from: the file and line, the variable, or the default. \
      Secrets are hidden. Exit code 0 when the configuration is right, 78 when it is not, 73 when it \
      can't be printed.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() throws {
    try StandardOutput.print(ConfigurationReport.text(options.load()))
  }
}
