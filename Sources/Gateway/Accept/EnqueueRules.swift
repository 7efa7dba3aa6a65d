import Delivery
import NIOCore

/// Who may post a message when, and what is said to those who may not.
enum EnqueueRules {
  /// The store that takes messages now.
  static func store(
    _ reading: ServiceSwitch.Reading, begunBeforeDrain: Bool
  ) throws(Problem) -> any MessageStore {
    switch reading.state {
    case .serving: break
    case .draining where begunBeforeDrain: break
    case .draining: throw draining
    case .recovering: throw recovering
    case .drainOnly(let reason): throw Problem(.logDamaged, reason, retryAfter: 60)
    }
    guard let backend = reading.backend else { throw recovering }
    return backend.store
  }

  /// Whether the disk has room. The store decides it for each message; this saves callers a body
  /// that it would refuse.
  static func checkSpace(_ reading: ServiceSwitch.Reading) throws(Problem) {
    guard let log = reading.backend?.log, log.metrics().space > .enough else { return }
    throw problem(.diskFull(retryAfter: .seconds(10)))
  }

  /// What the head says of the body, as far as it can't be read.
  static func refusal(ofContent head: RequestHead) -> Answer? {
    if head.contentType == .other {
      let given = head.values(of: "content-type").first ?? ""
      return Answer(
        Problem(
          .unsupportedMediaType,
          "Messages are posted as application/json in UTF-8, not as \(given)."))
    }
    guard head.contentEncoding == .other else { return nil }
    let given = head.values(of: "content-encoding").joined(separator: ", ")
    return Answer(
      Problem(.unsupportedEncoding, "Bodies are read as they are or as gzip, not as \(given)."),
      fields: [("Accept-Encoding", "gzip, identity")])
  }

  /// The envelope's own bytes.
  static func decode(
    _ body: ByteBuffer, of head: RequestHead, _ reader: EnvelopeReader
  ) throws(Problem) -> ByteBuffer {
    guard head.contentEncoding == .gzip else { return body }
    do throws(Gzip.Failure) {
      return try Gzip.inflate(body, limit: reader.limits.maxEnvelopeBytes)
    } catch {
      switch error {
      case .tooLarge: throw reader.tooLarge
      case .malformed:
        throw Problem(.invalidEncoding, "The body is not gzip, though Content-Encoding says so.")
      }
    }
  }

  static let recovering = Problem(
    .recovering, "The log is being read after the start; try again in a second.", retryAfter: 1)
  static let draining = Problem(
    .draining, "This instance is shutting down; connect again.", retryAfter: 1)

  static let paysForOthers = Problem(
    .overloaded, "Too much is being received at once, and this request is the slowest and largest.",
    retryAfter: 1)

  static func conflict(uuid: String) -> Problem {
    Problem(
      .uuidConflict,
      "The UUID \(uuid) stands for a message with other content; nothing was stored.")
  }

  static func problem(_ error: StoreError) -> Problem {
    switch error {
    case .full(let retryAfter):
      Problem(
        .overloaded, "Too many messages wait to be stored.", retryAfter: seconds(retryAfter))
    case .diskFull(let retryAfter):
      Problem(
        .diskFull, "The disk has no room for new messages.", retryAfter: seconds(retryAfter))
    case .readOnly(let reason):
      Problem(.logDamaged, reason, retryAfter: 60)
    case .unavailable(let reason):
      Problem(.unavailable, "The store takes no requests now: \(reason).", retryAfter: 1)
    case .outcomeUnknown:
      Problem(
        .outcomeUnknown,
        "It is not known whether the message was stored: repeat it with the same UUID.",
        retryAfter: 1)
    }
  }

  /// Whole seconds, rounded up, at least one.
  private static func seconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return max(1, Int(clamping: seconds) + (attoseconds > 0 ? 1 : 0))
  }
}
