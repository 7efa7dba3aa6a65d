/// Why a name has no addresses now.
package enum LookupError: Error, Sendable, Equatable {
  case noSuchHost
  /// The name server didn't answer, or not yet.
  case unavailable
  /// Too many look-ups wait.
  case busy
  case failed(String)

  /// A sentence for a person.
  package func text(host: String) -> String {
    switch self {
    case .noSuchHost: "no such host \(host)"
    case .unavailable: "no answer from the name server for \(host)"
    case .busy: "too many name look-ups wait, \(host) was not looked up"
    case .failed(let reason): "name look-up of \(host) failed: \(reason)"
    }
  }
}
