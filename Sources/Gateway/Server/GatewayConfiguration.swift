/// What the gateway is told at start.
package struct GatewayConfiguration: Sendable {
  /// Where callers enqueue and read.
  package var listen: ListenAddress
  /// When set, every route of callers but `/healthz` and `/readyz` asks for it as a bearer token.
  package var token: String?
  /// Whether callers may use any name for it. Not on a loopback address without a token: a web page
  /// whose name was bound to that address would reach it.
  package var takesAnyHost: Bool
  /// Where operators look and act; nil = no admin listener.
  package var admin: ListenAddress?
  /// When set, every admin route but `/healthz` and `/readyz` asks for it as a bearer token.
  package var adminToken: String?
  /// Whether the admin listener may be called by any name. Only for a listener with a token, which a
  /// web page whose name was bound to its address doesn't have.
  package var adminTakesAnyHost: Bool
  /// Bytes of a message's body, after the envelope was decoded.
  package var maxBody: Int
  /// The largest `Timeout` of a message.
  package var maxTimeout: Duration
  /// Shown by `/metrics`.
  package var version: String
  package var limits: ConnectionLimits

  package init(
    listen: ListenAddress, token: String? = nil, takesAnyHost: Bool = false,
    admin: ListenAddress? = nil, adminToken: String? = nil, adminTakesAnyHost: Bool = false,
    maxBody: Int = 1 << 20, maxTimeout: Duration = .seconds(900), version: String = "0",
    limits: ConnectionLimits = ConnectionLimits()
  ) {
    self.listen = listen
    self.token = token
    self.takesAnyHost = takesAnyHost
    self.admin = admin
    self.adminToken = adminToken
    self.adminTakesAnyHost = adminTakesAnyHost
    self.maxBody = maxBody
    self.maxTimeout = maxTimeout
    self.version = version
    self.limits = limits
  }
}

/// A host and a port to listen on.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  /// nil = every address of this machine, IPv6 and IPv4.
  package var host: String?
  /// 0 = the system chooses.
  package var port: Int

  package init(host: String?, port: Int) {
    self.host = host
    self.port = port
  }

  /// As it is written in the configuration: `:8080`, `127.0.0.1:8081`, `[::1]:8080`.
  package var description: String {
    guard let host else { return ":\(port)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// How long a connection may take, and how much of the machine connections may hold together.
package struct ConnectionLimits: Sendable, Equatable {
  /// From the first byte of a request to the last one of its head.
  package var headTimeout: Duration = .seconds(10)
  /// Between two pieces of a body.
  package var bodyTimeout: Duration = .seconds(30)
  /// From the end of the head to the last byte of the body, and a second more for each
  /// `bodyBytesPerSecond` that have come: who sends on slowly is waited for, who drips is not.
  package var bodyTotalTimeout: Duration = .seconds(120)
  package var bodyBytesPerSecond: Int = 1024
  /// A kept connection on which nothing comes. Longer than the minute for which load balancers keep
  /// theirs, so that it is they who close.
  package var idleTimeout: Duration = .seconds(75)
  /// A client that doesn't read its answers.
  package var writeTimeout: Duration = .seconds(30)
  /// How long what a refused client still sends is read and dropped, so that the answer isn't lost
  /// to a connection reset.
  package var lingerTimeout: Duration = .seconds(2)
  /// How long a request waits for room (in the store's queue, or for its body) before the 503.
  package var roomTimeout: Duration = .seconds(5)
  /// Bytes of memory of all requests that are being received or wait for room, over all connections;
  /// of heads only what goes beyond a few KiB. A quarter of it is for requests of at most 64 KiB.
  package var receiveBudget: Int = 64 << 20
  /// How long there may be no room in it before the slowest and largest request pays.
  package var receivePatience: Duration = .milliseconds(500)
  /// Connections at once; for one more the longest idle one is closed.
  package var maxConnections: Int = 50_000
  /// Connections that the admin listener may have beyond that, so that an operator can look at a
  /// server whose callers have taken all of theirs.
  package var adminConnections: Int = 32

  package init() {}
}
