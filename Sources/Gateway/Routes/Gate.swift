import NIOCore

/// Who may come in on a listener.
///
/// A web page that somebody opens must not reach it through that browser. Its name may have been
/// bound to a local address: then `Host` is that name. Or it may send across origins, which needs no
/// permission for a form, a text or no type at all: then `Origin` is another one, or
/// `Sec-Fetch-Site` says so.
///
/// Neither page knows the token. So a listener that has one and is meant for other machines, where
/// names are what they call it by, takes any name.
struct Gate: Sendable {
  /// By which names a listener may be called.
  enum Hosts: Sendable {
    /// It is reached by other machines under names that only they know.
    case any
    /// IP addresses and `localhost`.
    case addresses
    /// And names without a dot, which proxies on the same machine use: nobody can bind one of these
    /// to an address.
    case local
  }

  /// Of the operator: nobody reads there across origins either, and probes know its names.
  var isAdmin = false
  var token: String?
  var hosts = Hosts.any

  /// `lastHost`: of the request before on the same connection, which came in.
  func refusal(of head: RequestHead, lastHost: String? = nil) -> Answer? {
    refusalOfHost(head, lastHost) ?? (head.comesFromBrowser ? refusalOfPage(head) : nil)
      ?? refusalWithoutToken(head)
  }

  private func refusalOfHost(_ head: RequestHead, _ lastHost: String?) -> Answer? {
    // Clients of HTTP/1.0 may leave it out; browsers don't.
    guard hosts != .any, let host = head.host, host != lastHost, !isAllowed(host) else {
      return nil
    }
    if !isAdmin, RouteTable.isOpen(head.path) { return nil }
    return Answer(
      Problem(
        .misdirectedRequest,
        "This listener stands on a loopback address and is reached by an IP address or as "
          + "localhost, not as \(host)."))
  }

  private func refusalOfPage(_ head: RequestHead) -> Answer? {
    guard isAdmin || !["GET", "HEAD", "OPTIONS"].contains(head.method) else { return nil }
    let origins = head.values(of: "origin")
    // `same-site` is another page all the same, and `none` is no page.
    let sites = head.values(of: "sec-fetch-site").map { $0.lowercased() }
    if origins.allSatisfy({ Self.isSame(origin: $0, host: head.host ?? "") }),
      sites.allSatisfy({ $0 == "same-origin" || $0 == "none" })
    {
      return nil
    }
    return Answer(
      Problem(.forbiddenOrigin, "This listener takes no requests from other web pages."))
  }

  private func refusalWithoutToken(_ head: RequestHead) -> Answer? {
    guard let token, !RouteTable.isOpen(head.path) else { return nil }
    let given = head.values(of: "authorization")
    if given.count == 1, Self.isBearer(given[0], token) { return nil }
    return Answer(
      Problem(
        .unauthorized,
        "Send the \(isAdmin ? "admin token" : "token") as \"Authorization: Bearer …\"."),
      fields: [("WWW-Authenticate", "Bearer realm=\"dispatcher\"")])
  }

  private func isAllowed(_ field: String) -> Bool {
    guard let host = HostField(field)?.host else { return false }
    if host.lowercased() == "localhost" { return true }
    if hosts == .local, !host.isEmpty, !host.utf8.contains(UInt8(ascii: ".")) { return true }
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
