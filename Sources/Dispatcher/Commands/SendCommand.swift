import ArgumentParser
import FoundationEssentials

struct SendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Hands one message to a running dispatcher and prints its answer.",
    discussion: """
      Exit code 0 when the message was accepted (or was accepted before), 1 when not, 73 when the \
      answer can't be printed.

      Example: dispatcher send http://localhost:9000/hook --body '{"order":42}' \
      --header 'Content-Type: application/json'
      """)

  @Argument(help: "Where the message is to be delivered.")
  var url: String

  @Option(help: "The body, as text.")
  var body: String?

  @Option(
    help: ArgumentHelp(
      "A file to take the body from, byte for byte; - is standard input.", valueName: "file"))
  var bodyFile: String?

  @Option(help: "The method of the delivery.")
  var method: String?

  @Option(
    help: ArgumentHelp(
      "A header of the delivery, \"Name: value\"; can be given several times.",
      valueName: "header"),
    transform: Arguments.header)
  var header: [HeaderArgument] = []

  @Option(help: "The message's UUID; sending it twice is delivering it once.")
  var uuid: String?

  @Option(
    help: ArgumentHelp("How long one attempt may take, such as 10s.", valueName: "time"),
    transform: Arguments.duration)
  var timeout: Duration?

  @Option(
    help: ArgumentHelp("How long to wait before the first attempt.", valueName: "time"),
    transform: Arguments.duration)
  var delay: Duration?

  @OptionGroup var dispatcher: ClientOptions

  func validate() throws {
    if body != nil, bodyFile != nil {
      throw ValidationError("--body and --body-file can't be given together.")
    }
  }

  func run() async throws {
    let envelope = Envelope(
      url: url, method: method, headers: header, body: try bodyBytes(), uuid: uuid,
      timeout: timeout, delay: delay)
    let json = try envelope.json()
    let answer: ClientAnswer
    do throws(ClientFailure) {
      answer = try await Client.request(
        "POST", dispatcher.url, body: json, headers: dispatcher.headers)
    } catch {
      throw ExitStatus.failure.saying("\(dispatcher.to): \(error.reason)")
    }
    try StandardOutput.print(answer.statusLine)
    if !answer.body.isEmpty { try StandardOutput.print(answer.text) }
    guard (200...299).contains(answer.status) else { throw ExitCode(ExitStatus.failure.rawValue) }
  }

  private func bodyBytes() throws -> [UInt8] {
    if let body { return Array(body.utf8) }
    guard let bodyFile else { return [] }
    let bytes =
      bodyFile == "-"
      ? StandardInput.readAll()
      : (try? Data(contentsOf: URL(fileURLWithPath: bodyFile))).map { Array($0) }
    guard let bytes else { throw ExitStatus.failure.saying("\(bodyFile): it can't be read") }
    return bytes
  }
}
