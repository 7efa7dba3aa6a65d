import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The HTTP clients behind the sender, and requests made ready for them.
///
/// Every connection goes to an address that was resolved and checked before; NIO resolves nothing.
/// For plain HTTP, and for https to a number, one client is asked for `http://ADDRESS:PORT/` with the
/// `Host` header of the message. https to a name needs the name for SNI and the certificate, which
/// AsyncHTTPClient takes from the URL, while the address can only come from `dnsOverride`, a fixed
/// setting of a client: so there is a small client per name and address.
final class Clients: Sendable {
  /// Where a request goes, as far as connections are concerned.
  struct Route: Hashable {
    var usesTLS: Bool
    /// Empty unless the certificate is for a name.
    var tlsName: String
    var address: IPAddress
    var port: Int

    init(target: RequestTarget, address: IPAddress, isNumeric: Bool) {
      usesTLS = target.usesTLS
      // A trailing dot is for the resolver; certificates and SNI are without.
      let name = target.host.hasSuffix(".") ? String(target.host.dropLast()) : target.host
      tlsName = target.usesTLS && !isNumeric ? name : ""
      self.address = address
      port = target.port
    }

    fileprivate var url: String {
      let host = tlsName.isEmpty ? address.urlHost : tlsName
      return "\(usesTLS ? "https" : "http")://\(host):\(port)/"
    }
  }

  /// A client while a request uses it.
  struct Lease: Sendable {
    let client: HTTPClient
    fileprivate let key: NameKey?
  }

  fileprivate struct NameKey: Hashable, Sendable {
    var name: String
    var address: IPAddress
  }

  private struct Template: Hashable {
    var route: Route
    var method: String
  }

  private struct State {
    var named: LeastRecentlyUsed<NameKey, HTTPClient>
    var templates: [Template: HTTPClient.Request] = [:]
    var closing: [Int: Task<Void, Never>] = [:]
    var closings = 0
    var closed = false
  }

  /// Parsing a URL with Foundation costs more than all else before the socket; a request is a value,
  /// copied from here. When it is full it starts anew.
  private static let templatesKept = 4096

  private let configuration: HTTPClient.Configuration
  private let group: any EventLoopGroup
  private let plain: HTTPClient
  /// Short and hot: a dictionary look-up for each request.
  private let state: Mutex<State>

  init(configuration: HTTPClient.Configuration, group: any EventLoopGroup, namesKept: Int) {
    self.configuration = configuration
    self.group = group
    plain = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    state = Mutex(State(named: LeastRecentlyUsed(capacity: namesKept)))
  }

  /// nil when shutdown has begun. To be given back with `release`.
  func lease(_ route: Route) -> Lease? {
    let (lease, evicted) = state.withLock { state -> (Lease?, HTTPClient?) in
      guard !state.closed else { return (nil, nil) }
      guard !route.tlsName.isEmpty else { return (Lease(client: plain, key: nil), nil) }
      let key = NameKey(name: route.tlsName, address: route.address)
      let (client, evicted) = state.named.lease(key) { makeClient(for: key) }
      return (Lease(client: client, key: key), evicted)
    }
    if let evicted { close(evicted) }
    return lease
  }

  func release(_ lease: Lease) {
    guard let key = lease.key else { return }
    state.withLock { $0.named.release(key) }
  }

  /// A method that can't stand in a request line.
  struct UnsendableMethod: Error {}

  /// A request of this method to this route, without headers and body.
  func request(_ route: Route, method: String) throws -> HTTPClient.Request {
    let key = Template(route: route, method: method)
    if let request = state.withLock({ $0.templates[key] }) { return request }
    // The client below writes what it is given; a space here would be a line of somebody's own.
    guard !method.isEmpty, method.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw UnsendableMethod()
    }
    let request = try HTTPClient.Request(url: route.url, method: HTTPMethod(rawValue: method))
    state.withLock { state in
      if state.templates.count >= Self.templatesKept { state.templates.removeAll() }
      state.templates[key] = request
    }
    return request
  }

  /// Ends what is in flight and closes all connections.
  func shutdown() async {
    let (clients, closing) = state.withLock { state -> ([HTTPClient], [Task<Void, Never>]) in
      guard !state.closed else { return ([], Array(state.closing.values)) }
      state.closed = true
      return ([plain] + state.named.removeAll(), Array(state.closing.values))
    }
    for client in clients { try? await client.shutdown() }
    for task in closing { await task.value }
  }

  private func makeClient(for key: NameKey) -> HTTPClient {
    var configuration = configuration
    configuration.dnsOverride = [key.name: key.address.description]
    return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
  }

  /// Not in use any more: only idle connections are closed.
  private func close(_ client: HTTPClient) {
    state.withLock { state in
      state.closings += 1
      let number = state.closings
      state.closing[number] = Task {
        try? await client.shutdown()
        self.state.withLock { $0.closing[number] = nil }
      }
    }
  }
}
