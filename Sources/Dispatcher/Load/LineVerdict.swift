import FoundationEssentials

/// What an answer to one line means for the load.
enum LineVerdict: Equatable {
  case accepted
  /// The dispatcher knew it before.
  case known
  /// It will never be taken as it stands, and the others may.
  case refused(String)
  /// The same later; after so many seconds, where the answer says how many.
  case again(String, after: Int?)
  /// No line will be taken.
  case hopeless(String)

  /// The line need not be posted again.
  var isFinal: Bool {
    switch self {
    case .accepted, .known, .refused: true
    case .again, .hopeless: false
    }
  }

  init(_ answer: ClientAnswer) {
    switch answer.status {
    case 202:
      struct Accepted: Decodable {
        var uuid: String
        var duplicate: Bool
        enum CodingKeys: String, CodingKey { case uuid = "UUID", duplicate = "Duplicate" }
      }
      let accepted = try? JSONDecoder().decode(Accepted.self, from: Data(answer.body))
      self =
        accepted.map { $0.duplicate ? .known : .accepted }
        ?? .hopeless("its 202 names no message: is this a dispatcher?")
    case 400, 409, 413, 415, 422: self = .refused(answer.explanation)
    case 408, 429, 500, 502, 503, 504, 507:
      self = .again(answer.explanation, after: answer.retryAfter)
    // 401, 403, 404, 405, 421, redirections: the address or the token is wrong.
    default: self = .hopeless(answer.explanation)
    }
  }
}
