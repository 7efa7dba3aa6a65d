/// Why a name has no addresses now.
package enum LookupError: Error, Sendable, Equatable {
  case noSuchHost
  /// The name server didn't answer, or not yet.
  case unavailable
  /// Too many look-ups wait.
  case busy
  /// This machine ran out of what a look-up needs.
  case shortage(OwnShortage, reason: String)
  case failed(String)

  /// What we ran out of ourselves; nil = the name, or its name server, is the reason.
  package var shortage: OwnShortage? {
    switch self {
    case .busy: .lookups
    case .shortage(let kind, _): kind
    case .noSuchHost, .unavailable, .failed: nil
    }
  }

  /// A sentence for a person.
  package func text(host: String) -> String {
    switch self {
    case .noSuchHost: "no such host \(host)"
    case .unavailable: "no answer from the name server for \(host)"
    case .busy: "too many name look-ups wait, \(host) was not looked up"
    case .shortage(let kind, let reason):
      "\(host) was not looked up for want of \(kind.words): \(reason)"
    case .failed(let reason): "name look-up of \(host) failed: \(reason)"
    }
  }
}
