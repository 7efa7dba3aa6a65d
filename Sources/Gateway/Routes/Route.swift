/// One thing that a listener can be asked for. What is said here is what handlers stand behind, what
/// `OPTIONS` and 405 answer, what needs a token, what our own commands call and what the documents list.
package struct Route: Sendable {
  package enum Name: String, Sendable, CaseIterable {
    case enqueueAtRoot, enqueue, message, health, readiness
    case log, compactionPreview, compact, metrics
  }

  package enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
  }

  package enum Listener: Sendable, CaseIterable { case main, admin }

  package enum Access: Sendable {
    /// Whoever has the listener's token, where it has one.
    case token
    /// Whoever asks, under whatever name: probes know neither.
    case anybody
  }

  package enum Body: Sendable { case none, envelope }

  /// What is answered when it can be done.
  package struct Success: Sendable, Equatable {
    package var status: Int
    package var contentType: String
  }

  package let name: Name
  package let method: Method
  /// From the slash on; a segment in braces is any one: `/messages/{UUID}`.
  package let path: String
  package let listeners: [Listener]
  package var access = Access.token
  package var body = Body.none
  package let success: Success
  /// Besides those of `RouteTable.everywhere`.
  package var problems: [ProblemType] = []
  /// One sentence for a person.
  package let summary: String

  /// The path of one message, or of whatever the braces stand for.
  package func path(of parameter: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("{") ? parameter : String($0) }.joined(separator: "/")
  }
}
