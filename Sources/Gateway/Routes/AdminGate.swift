import NIOCore

/// Who may come in on the admin listener.
///
/// A web page that somebody opens on this machine must not reach it: its name may have been bound
/// to a local address (then `Host` is that name), or it may post across origins (then `Origin` is
/// another one).
///
/// Neither page knows the token. So a listener that has one and is meant for other machines, where
/// names are what they call it by, takes any name (`takesAnyHost`).
struct AdminGate: Sendable {
  let token: String?
  var takesAnyHost = false

  func refusal(of head: RequestHead) -> Answer? {
    // Clients of HTTP/1.0 may leave it out; browsers don't.
    if let host = head.host, !Self.isLocalName(host), !(takesAnyHost && token != nil) {
      return Answer(
        Problem(
          .misdirectedRequest,
          "The admin listener is reached by an IP address or as localhost, not as \(host)."))
    }
    let origins = head.values(of: "origin")
    if !origins.allSatisfy({ Self.isSame(origin: $0, host: head.host ?? "") }) {
      return Answer(
        Problem(.forbiddenOrigin, "The admin listener takes no requests from other web pages."))
    }
    guard let token, !EnqueueRules.isProbe(head.path) else { return nil }
    let given = head.values(of: "authorization")
    if given.count == 1, Self.isBearer(given[0], token) { return nil }
    return Answer(
      Problem(.unauthorized, "Send the admin token as \"Authorization: Bearer …\"."),
      fields: [("WWW-Authenticate", "Bearer realm=\"dispatcher\"")])
  }

  private static func isLocalName(_ field: String) -> Bool {
    guard let host = HostField(field)?.host else { return false }
    if host.lowercased() == "localhost" { return true }
    return (try? SocketAddress(ipAddress: String(host), port: 0)) != nil
  }

  /// The scheme may be https when a proxy speaks TLS in front of us; host and port must agree.
  private static func isSame(origin: String, host: String) -> Bool {
    let origin = origin.lowercased()
    let host = host.lowercased()
    return origin == "http://\(host)" || origin == "https://\(host)"
  }

  /// Compares every byte whatever it finds, so that the time tells nothing of the token.
  private static func isBearer(_ value: String, _ token: String) -> Bool {
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
    let given = Array(parts[1].utf8)
    let wanted = Array(token.utf8)
    guard !wanted.isEmpty else { return false }
    var difference = UInt64(bitPattern: Int64(given.count ^ wanted.count))
    for index in given.indices {
      difference |= UInt64(given[index] ^ wanted[index % wanted.count])
    }
    return difference == 0
  }
}
