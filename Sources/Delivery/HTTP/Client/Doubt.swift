/// The end of an exchange may be a leftover of the one before: its connection had carried requests
/// already, and what came over it refuses, is no answer, or is none at all. Servers that answer
/// without having read a body take its rest for the next request; others close, or say 408, just when
/// that request is on its way. So such an end is tried on a fresh connection before it counts.
struct Doubt: Equatable, Sendable {
  /// How long the request had left us by then, milliseconds; 0 when it had not.
  var outMs: Int64

  /// What crossed our request on its way comes within a round trip. What comes later may be the end of
  /// work; within these milliseconds hardly any was done.
  static let crossingMs: Int64 = 10

  /// Whether the request may be sent again within its attempt.
  func allowsRepeat(isLastAttempt: Bool) -> Bool { !isLastAttempt || outMs <= Self.crossingMs }

  /// Answers that servers give without having understood, or read, what they answer to.
  private static let refusals: Set<UInt16> = [
    400, 405, 408, 410, 411, 413, 414, 415, 417, 421, 422, 431, 501, 505,
  ]
  /// Those that need no more than the head of a request.
  private static let unread: Set<UInt16> = [400, 405, 411, 413, 414, 415, 417, 431, 501, 505]

  /// Whether an answer on a connection that was used before is doubted. `isEarly`: it came before the
  /// request had left.
  static func isDue(to answer: ResponseSummary, isEarly: Bool) -> Bool {
    isEarly || answer.abortMessage || answer.status < 200 || answer.status > 599
      || refusals.contains(answer.status)
  }

  /// Whether an answer with this status may leave a request's body unread on its connection.
  static func mayLeaveBody(_ status: UInt16) -> Bool { unread.contains(status) }
}

/// An error on a connection that had carried requests already.
struct DoubtedError: Error {
  var error: any Error
  var doubt: Doubt
}
