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
/// setting of a client: so there is a small client per name, address and port.
///
/// Whatever is kept here is kept for destinations that callers name, so all of it is bounded: clients
/// for routes without a name come in generations, those for names and the requests made ready have a
/// number at which the oldest go.
final class Clients: Sendable {
  /// Where a request goes, as far as connections are concerned.
  struct Route: Hashable {
    var usesTLS: Bool
    /// Empty unless the certificate is for a name.
    var tlsName: String
    var address: IPAddress
    var port: Int
    /// Over a connection that carried no request before. Requests of these ask for theirs to be
    /// closed, and have a client of their own, so that it never keeps one.
    var isFresh = false

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
    fileprivate let owner: Owner
  }

  fileprivate enum Owner: Sendable {
    case named(Route)
    case generation(Generations.Lease)
    case freshGeneration(Generations.Lease)
  }

  fileprivate typealias Generations = ClientGenerations<Route, HTTPClient>

  private struct Template: Hashable {
    var route: Route
    var method: String
  }

  private struct State {
    var named: LeastRecentlyUsed<Route, HTTPClient>
    var generations = Generations()
    /// Of those that never keep a connection.
    var freshGenerations = Generations()
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
  /// Short and hot: a dictionary look-up for each request.
  private let state: Mutex<State>

  init(configuration: HTTPClient.Configuration, group: any EventLoopGroup, namesKept: Int) {
    self.configuration = configuration
    self.group = group
    state = Mutex(State(named: LeastRecentlyUsed(capacity: namesKept)))
  }

  /// nil when shutdown has begun. To be given back with `release`.
  func lease(_ route: Route) -> Lease? {
    let (lease, ended) = state.withLock { state -> (Lease?, [HTTPClient]) in
      guard !state.closed else { return (nil, []) }
      guard route.tlsName.isEmpty else {
        let (client, evicted) = state.named.lease(route) { makeClient(for: route) }
        return (Lease(client: client, owner: .named(route)), evicted.map { [$0] } ?? [])
      }
      if route.isFresh {
        let (lease, ended) = state.freshGenerations.lease(route) { makeClient(configuration) }
        return (Lease(client: lease.client, owner: .freshGeneration(lease)), ended)
      }
      let (lease, ended) = state.generations.lease(route) { makeClient(configuration) }
      return (Lease(client: lease.client, owner: .generation(lease)), ended)
    }
    for client in ended { close(client) }
    return lease
  }

  func release(_ lease: Lease) {
    let ended = state.withLock { state -> HTTPClient? in
      switch lease.owner {
      case .named(let route):
        state.named.release(route)
        return nil
      case .generation(let lease):
        return state.generations.release(lease)
      case .freshGeneration(let lease):
        return state.freshGenerations.release(lease)
      }
    }
    if let ended { close(ended) }
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
      let unnamed = state.generations.removeAll() + state.freshGenerations.removeAll()
      return (unnamed + state.named.removeAll(), Array(state.closing.values))
    }
    for client in clients { try? await client.shutdown() }
    for task in closing { await task.value }
  }

  private func makeClient(for route: Route) -> HTTPClient {
    var configuration = configuration
    configuration.dnsOverride = [route.tlsName: route.address.description]
    return makeClient(configuration)
  }

  private func makeClient(_ configuration: HTTPClient.Configuration) -> HTTPClient {
    HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
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
