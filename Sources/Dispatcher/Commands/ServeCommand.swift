import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Starts the server.")

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    _ = try options.load()
  }
}
