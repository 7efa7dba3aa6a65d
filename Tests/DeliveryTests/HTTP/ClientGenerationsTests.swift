import Testing

@testable import Delivery

@Suite("How many routes the clients keep")
struct ClientGenerationsTests {
  private typealias Generations = ClientGenerations<Int, Int>

  /// Clients are numbers here; knows which were made and which have ended.
  private struct World {
    var generations: Generations
    var made = 0
    var ended: Set<Int> = []

    init(_ configure: (inout Generations.Limits) -> Void = { _ in }) {
      var limits = Generations.Limits()
      configure(&limits)
      generations = Generations(limits: limits)
    }

    mutating func lease(_ route: Int) -> Generations.Lease {
      var next = made
      let (lease, ended) = generations.lease(route) {
        next += 1
        return next
      }
      made = next
      for client in ended { end(client) }
      return lease
    }

    mutating func release(_ lease: Generations.Lease) {
      if let client = generations.release(lease) { end(client) }
    }

    /// One request from beginning to end.
    @discardableResult
    mutating func request(_ route: Int) -> Int {
      let lease = lease(route)
      release(lease)
      return lease.client
    }

    private mutating func end(_ client: Int) {
      #expect(ended.insert(client).inserted, "ended twice")
    }
  }

  @Test("few routes share one client for ever")
  func few() {
    var world = World()
    for request in 0..<20_000 { world.request(request % 1000) }
    #expect(world.made == 1)
    #expect(world.ended.isEmpty)
  }

  @Test("however many addresses are called, the routes kept are bounded")
  func bounded() {
    var world = World()
    var most = 0
    for route in 0..<100_000 {
      world.request(route)
      most = max(most, world.generations.routeCount)
    }
    #expect(most <= 1024)
    #expect(world.ended.count == world.made - 1)
  }

  @Test("calls that hang in every generation hold a bounded number of routes")
  func hanging() {
    var world = World()
    var hanging: [Generations.Lease] = []
    var most = 0
    for route in 0..<100_000 {
      let lease = world.lease(route)
      if hanging.count < 64, route % 1024 == 1023 || route > 4096 && route % 16 == 0 {
        hanging.append(lease)
      } else {
        world.release(lease)
      }
      most = max(most, world.generations.routeCount)
    }
    #expect(hanging.count == 64)
    #expect(most <= 4096 + 64 * 16)
    for lease in hanging { world.release(lease) }
    #expect(world.generations.routeCount <= 1024)
  }

  @Test("a destination that is called often keeps its client while thousands pass by")
  func regulars() {
    var world = World()
    var busy: [Int] = []
    for passer in 1...50_000 {
      if passer % 50 == 0 { busy.append(world.request(0)) }
      world.request(passer)
    }
    #expect(Set(busy).count == 2)
    #expect(Set(busy.dropFirst(100)).count == 1)
  }

  @Test("regulars that are too many begin anew, too")
  func manyRegulars() {
    var world = World {
      $0.routes = 8
      $0.total = 32
      $0.least = 1
    }
    for route in 0..<1000 {
      for _ in 0..<10 { world.request(route) }
      #expect(world.generations.routeCount <= 16)
    }
  }

  @Test("calls that hang at regulars hold a bounded number of routes, too")
  func hangingRegulars() {
    var world = World {
      $0.routes = 8
      $0.total = 32
      $0.least = 1
    }
    var hanging: [Generations.Lease] = []
    var most = 0
    for route in 0..<1000 {
      for _ in 0..<10 { world.request(route) }
      if route >= 40 {
        // By now it is a regular, or has been one.
        let lease = world.lease(route - 20)
        if hanging.count < 100 { hanging.append(lease) } else { world.release(lease) }
      }
      most = max(most, world.generations.routeCount)
    }
    #expect(most <= 32 + 101)
    for lease in hanging { world.release(lease) }
    #expect(world.generations.routeCount <= 16)
  }

  @Test("a client ends with its last request, not before")
  func lastRequest() {
    var world = World {
      $0.routes = 2
      $0.total = 8
      $0.least = 2
    }
    let first = world.lease(1)
    let second = world.lease(2)
    let third = world.lease(3)
    #expect(third.client != first.client)
    #expect(world.ended.isEmpty)
    world.release(first)
    #expect(world.ended.isEmpty)
    world.release(second)
    #expect(world.ended == [first.client])
    world.release(third)
    #expect(world.ended == [first.client])
  }

  @Test("at the end every client is named once")
  func end() {
    var world = World {
      $0.routes = 2
      $0.total = 8
      $0.least = 2
    }
    var leases: [Generations.Lease] = []
    for route in 0..<7 { leases.append(world.lease(route)) }
    let rest = world.generations.removeAll()
    #expect(Set(rest).union(world.ended).count == world.made)
    #expect(rest.count + world.ended.count == world.made)
    // They come back late.
    for lease in leases { world.release(lease) }
    #expect(world.generations.routeCount == 0)
  }
}
