import ArgumentParser
import Delivery

struct SinkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sink",
    abstract: "A receiver for trying things out: prints what arrives, and fails when told to.",
    discussion: """
      The first line says where it listens; then one line a request: its number, time, method, \
      path, size, the message's id and attempt, and the status it was answered with.

      Examples: "dispatcher sink --port 9000" answers everything with 200. \
      "--status 503 --fail-first 3" fails three times, then succeeds. "--status 500" always fails. \
      "--delay 200ms" answers late. It ends with Ctrl-C; exit code 73 says \
      that something could not be printed.
      """)

  @Option(help: "The port; 0 takes a free one.")
  var port = 9000

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(
    help: ArgumentHelp(
      "The status of the failures, or of every answer when --fail-first is not given.",
      valueName: "code"))
  var status: Int?

  @Option(
    help: ArgumentHelp(
      "How many requests fail (with --status, else 500) before the rest gets 200.",
      valueName: "count"))
  var failFirst: Int?

  @Option(
    help: ArgumentHelp("How long to wait before each answer, such as 200ms.", valueName: "time"),
    transform: Arguments.duration)
  var delay: Duration = .zero

  @Flag(name: .customLong("headers"), help: "Print each request's headers too.")
  var showHeaders = false

  @Flag(name: .customLong("body"), help: "Print each request's body too.")
  var showBody = false

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port must be between 0 and 65535.")
    }
    guard status.map((200...599).contains) ?? true else {
      throw ValidationError("--status must be between 200 and 599.")
    }
    guard failFirst.map({ $0 >= 0 }) ?? true else {
      throw ValidationError("--fail-first can't be negative.")
    }
    guard delay <= .seconds(3600) else { throw ValidationError("--delay is at most 1h.") }
  }

  func run() async throws {
    let sink = SinkServer(
      script: SinkScript(status: status, failFirst: failFirst), delay: delay,
      showing: SinkReport.Parts(headers: showHeaders, body: showBody))
    let signals = TerminationSignals()
    do {
      let address = try await sink.start(host: host, port: port)
      sink.say("sink: listening on http://\(address)")
    } catch {
      throw ExitStatus.failure.saying(
        "can't listen on \(host):\(port): \(ErrorSentence.text(error))")
    }
    await signals.first()
    await sink.stop()
    if let failure = sink.outputFailure {
      throw ExitStatus.output.saying(StandardStreams.failure(failure))
    }
  }
}
