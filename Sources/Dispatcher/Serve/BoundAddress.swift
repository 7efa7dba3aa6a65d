import NIOCore

/// A bound address as log lines show it and as a URL takes it: `127.0.0.1:8080`, `[::]:8080`.
enum BoundAddress {
  static func text(_ address: SocketAddress) -> String {
    let host = address.ipAddress ?? "?"
    let port = address.port ?? 0
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
