import ArgumentParser
import FoundationEssentials

/// `--to` and `--token`, as the verbs that hand messages to a running dispatcher have them.
struct ClientOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The dispatcher to hand messages to.", valueName: "url"))
  var to = "http://localhost:8080"

  @Option(
    help: ArgumentHelp(
      "What that dispatcher asks for, when it has a token; DISPATCHER_TOKEN when not given.",
      valueName: "text"))
  var token: String?

  /// Where they are posted.
  var url: String { Client.url(to, .enqueue) }

  /// What goes with each of them.
  var headers: [(String, String)] {
    let token = token ?? ProcessInfo.processInfo.environment["DISPATCHER_TOKEN"] ?? ""
    return [("Content-Type", "application/json")]
      + (token.isEmpty ? [] : [("Authorization", "Bearer \(token)")])
  }
}
