/// Which messages are asked for; nothing set means all.
package struct MessageFilter: Sendable {
  /// By the time of acceptance, milliseconds since 1970.
  package var sinceMs: UInt64 = 0
  package var untilMs: UInt64 = .max
  /// Origins as the log writes them; empty = any.
  package var destinations: Set<String> = []
  package var states: Set<MessageState> = []
  package var uuid: [UInt8]?

  package init() {}

  package func admits(_ state: MessageState) -> Bool { states.isEmpty || states.contains(state) }

  /// What the message's own frame tells.
  package func admits(_ message: DirectoryMessage, _ frame: BatchFrame) -> Bool {
    guard message.acceptedAtMs >= sinceMs, message.acceptedAtMs < untilMs else { return false }
    if let uuid, !frame.directory.hasUUID(message, uuid) { return false }
    return destinations.isEmpty || destinations.contains(frame.destination(of: message))
  }
}
