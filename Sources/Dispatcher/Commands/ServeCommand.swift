import ArgumentParser
import Logging

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Starts the server.",
    discussion: """
      It logs to standard error. The first line names the configuration file. The line "listening" names the addresses as they were bound; \
      /readyz on them turns 200 when the log has been read. SIGTERM or SIGINT ends it in good \
      order: requests and deliveries that have begun are finished (up to 25 s), everything is \
      written, and the log is sealed. A second signal ends it at once.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let loaded = try options.load()
    let configuration = loaded.configuration
    LogOutput.bootstrap(format: configuration.logFormat, level: configuration.logLevel)
    let server = Server(configuration)
    server.logger.info(
      "starting", metadata: ["config": "\(loaded.source)", "version": "\(version)"])
    defer { LogOutput.writer.flush() }
    do throws(ServeFailure) {
      try await server.run()
    } catch {
      server.logger.critical("\(error.reason)")
      throw ExitCode(error.status.rawValue)
    }
  }
}
