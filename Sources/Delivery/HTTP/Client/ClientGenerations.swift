/// Bounds what a client keeps of every route it ever had a request for: it has one pool of
/// connections for each, which it never gives up (4.5 KB, 0.5 GB after 100,000 addresses). So clients
/// come in generations. New routes go to the youngest until it is full; then it is retired, which
/// ends it with its last request, and another one begins. Routes that were used often meanwhile go to
/// one of their own, where passers-by can't drive them out: they connect anew once, and keep their
/// connections from then on.
///
/// Routes kept are at most `total`, and `least` for each request under way beyond it.
struct ClientGenerations<Route: Hashable, Client> {
  struct Limits {
    /// Routes of one generation.
    var routes = 1024
    /// Routes of all, those included that are retired and still have requests. As it fills, the
    /// youngest gets smaller: calls that hang for long must not hold a full generation each.
    var total = 4096
    var least = 16
    /// Requests in one generation that make a route a regular.
    var regular = 8
  }

  struct Lease {
    let client: Client
    fileprivate let generation: Int
  }

  private struct Generation {
    let number: Int
    let client: Client
    /// With the number of their requests.
    var routes: [Route: Int] = [:]
    var users = 0

    var lease: Lease { Lease(client: client, generation: number) }
  }

  private let limits: Limits
  private var made = 0
  private var young: Generation?
  private var regulars: Generation?
  /// Those that have requests under way, by number.
  private var retired: [Int: Generation] = [:]
  private var retiredRoutes = 0

  init(limits: Limits = Limits()) { self.limits = limits }

  var routeCount: Int {
    (young?.routes.count ?? 0) + (regulars?.routes.count ?? 0) + retiredRoutes
  }

  /// The client for a request to `route`, and those that have come to their end by it. To be given
  /// back with `release`.
  mutating func lease(_ route: Route, make: () -> Client) -> (lease: Lease, ended: [Client]) {
    if let lease = Self.use(&regulars, route) ?? Self.use(&young, route) { return (lease, []) }
    let ended = (young?.routes.count ?? 0) >= room ? rotate(make) : []
    var generation = young ?? begin(make)
    young = nil  // else the dictionary would be copied
    generation.routes[route] = 1
    generation.users += 1
    young = generation
    return (generation.lease, ended)
  }

  /// - Returns: the client when nobody needs it any more.
  mutating func release(_ lease: Lease) -> Client? {
    if young?.number == lease.generation {
      young?.users -= 1
    } else if regulars?.number == lease.generation {
      regulars?.users -= 1
    } else if var generation = retired.removeValue(forKey: lease.generation) {
      generation.users -= 1
      if generation.users == 0 {
        retiredRoutes -= generation.routes.count
        return generation.client
      }
      retired[lease.generation] = generation
    }
    return nil
  }

  mutating func removeAll() -> [Client] {
    let all = [young, regulars].compactMap { $0?.client } + retired.values.map(\.client)
    self = Self(limits: limits)
    return all
  }

  /// Routes that the youngest may have.
  private var room: Int {
    max(limits.least, min(limits.routes, limits.total - limits.routes - retiredRoutes))
  }

  /// nil when the generation does not know the route. This is what nearly every request comes to, and
  /// all of them wait for it in turn: one look-up, nothing copied.
  private static func use(_ generation: inout Generation?, _ route: Route) -> Lease? {
    guard let index = generation?.routes.index(forKey: route) else { return nil }
    generation?.routes.values[index] += 1
    generation?.users += 1
    return generation?.lease
  }

  private mutating func begin(_ make: () -> Client) -> Generation {
    made += 1
    return Generation(number: made, client: make())
  }

  private mutating func rotate(_ make: () -> Client) -> [Client] {
    guard let old = young else { return [] }
    young = nil
    var ended = retire(old)
    let often = old.routes.filter { $0.value >= limits.regular }.keys
    guard !often.isEmpty else { return ended }
    if let full = regulars, full.routes.count + often.count > limits.routes {
      // Without room for another one they go on among the passers-by.
      guard full.routes.count + retiredRoutes <= limits.total - limits.routes else { return ended }
      regulars = nil
      ended += retire(full)
    }
    var next = regulars ?? begin(make)
    regulars = nil
    for route in often.prefix(limits.routes) { next.routes[route] = 0 }
    regulars = next
    return ended
  }

  private mutating func retire(_ generation: Generation) -> [Client] {
    guard generation.users > 0 else { return [generation.client] }
    retired[generation.number] = generation
    retiredRoutes += generation.routes.count
    return []
  }
}

extension ClientGenerations.Lease: Sendable where Client: Sendable {}
