import Delivery
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The two listeners. They open before recovery ends, so that `/healthz` answers from the first
/// second; what they serve is installed later.
///
///     start → install → (set) … → drain → stop
package final class GatewayServer: Sendable {
  package let services = ServiceSwitch()
  package let counters = GatewayCounters()

  private let configuration: GatewayConfiguration
  private let group: any EventLoopGroup
  private let environment: AcceptEnvironment
  /// Short: set once by `start`, read by the two halves of the shutdown.
  private let running = Mutex(Running())

  private struct Running {
    var loops: [NIOLoopBoundBox<AcceptLoop>] = []
    var listeners: [any Channel] = []
  }

  /// - Parameter refusal: why this host and port may never be a destination, nil when they may;
  ///   called on event loops, must not block.
  package init(
    configuration: GatewayConfiguration, group: any EventLoopGroup, clock: any Clock,
    logger: Logger = Logger(label: "dispatcher.gateway"),
    refusal: @escaping EnvelopeReader.Refusal = { _, _ in nil }
  ) {
    self.configuration = configuration
    self.group = group
    environment = AcceptEnvironment(
      services: services,
      reader: EnvelopeReader(
        limits: EnvelopeLimits(
          maxBodyBytes: configuration.maxBody,
          maxTimeoutMs: configuration.maxTimeout.millisecondsRoundedUp),
        refusal: refusal),
      limits: configuration.limits,
      budget: ReceiveBudget(
        limit: configuration.limits.receiveBudget,
        largest: EnvelopeLimits(maxBodyBytes: configuration.maxBody).maxEnvelopeBytes,
        patience: configuration.limits.receivePatience),
      counters: counters, clock: clock, logger: logger)
  }

  /// Opens both listeners; when one can't be opened neither stays open.
  package func start() async throws(GatewayError) -> BoundAddresses {
    let loops = await makeLoops()
    running.withLock { $0.loops = loops }
    let limit = ConnectionLimit(counters: counters, loops: loops)
    let most = configuration.limits.maxConnections
    let main = try await listen(
      on: configuration.listen, site: mainSite, loops, limit, maxConnections: most)
    running.withLock { $0.listeners = [main.channel] }
    guard let address = configuration.admin else {
      return BoundAddresses(main: main.address, admin: nil)
    }
    do throws(GatewayError) {
      let admin = try await listen(
        on: address, site: adminSite, loops, limit,
        maxConnections: most + configuration.limits.adminConnections)
      running.withLock { $0.listeners.append(admin.channel) }
      return BoundAddresses(main: main.address, admin: admin.address)
    } catch {
      await closeListeners()
      throw error
    }
  }

  /// Serves from here on with `backend`: `.serving`, or `.drainOnly` after damage.
  package func install(_ backend: Backend, state: ServiceState = .serving) {
    services.install(backend, state: state)
  }

  /// Before the shutdown: `/readyz` says 503 and no connection is kept, everything is served.
  package func announceLeaving() { services.announceLeaving() }

  /// The first half of the shutdown: the listeners are closed, requests begun are answered, later
  /// ones get 503 and `Connection: close`. Returns when the last request begun has its answer, or
  /// after `patience`: who has not sent all of its request by then gets a 503, too. The store must
  /// stay open until then.
  package func drain(patience: Duration) async {
    services.announceLeaving()
    await closeListeners()
    let loops = running.withLock { $0.loops }
    // First who has begun, then the refusal of everyone else: the other way round a request could
    // be refused although it had begun.
    for loop in loops { try? await loop.eventLoop.submit { loop.value.markBegun() }.get() }
    services.set(.draining)
    let end = NIODeadline.now() + patience.timeAmount
    for loop in loops {
      let idle = loop.eventLoop.flatSubmit { loop.value.whenIdle(within: end - .now()) }
      try? await idle.get()
    }
  }

  /// Closes every connection and lets go of the store. Call it before the event loops are shut down.
  package func stop() async {
    await closeListeners()
    let loops = running.withLock { running in
      defer { running.loops = [] }
      return running.loops
    }
    for loop in loops { try? await loop.eventLoop.submit { loop.value.close() }.get() }
  }

  /// Bytes of memory that unfinished requests and messages without room hold.
  package var budgetBytes: Int { environment.budget.bytes }

  /// A small request waits for room.
  var lacksRoom: Bool { environment.budget.isFull(forLarge: false) }

  // MARK: -

  private var mainSite: Site {
    Site(
      gate: Gate(
        token: configuration.token,
        hosts: configuration.takesAnyHost || configuration.token != nil ? .any : .local),
      routes: routes.responder(for: .main))
  }

  private var routes: GatewayRoutes {
    GatewayRoutes(
      services: services,
      metrics: MetricsSource(
        services: services, counters: counters, budget: environment.budget,
        version: configuration.version, clock: environment.clock),
      logger: environment.logger)
  }

  private var adminSite: Site {
    let takesAnyHost = configuration.adminTakesAnyHost && configuration.adminToken != nil
    let gate = Gate(
      isAdmin: true, token: configuration.adminToken, hosts: takesAnyHost ? .any : .addresses)
    return Site(gate: gate, routes: routes.responder(for: .admin))
  }

  private func makeLoops() async -> [NIOLoopBoundBox<AcceptLoop>] {
    var loops: [NIOLoopBoundBox<AcceptLoop>] = []
    for eventLoop in group.makeIterator() {
      let made = eventLoop.submit { [environment] in
        NIOLoopBoundBox(
          AcceptLoop(eventLoop: eventLoop, environment: environment), eventLoop: eventLoop)
      }
      // Only an event loop that was shut down fails here; the listeners will say so.
      if let loop = try? await made.get() { loops.append(loop) }
    }
    return loops
  }

  private func listen(
    on address: ListenAddress, site: Site, _ loops: [NIOLoopBoundBox<AcceptLoop>],
    _ limit: ConnectionLimit, maxConnections: Int
  ) async throws(GatewayError) -> (channel: any Channel, address: SocketAddress) {
    let listener = Listener(
      group: group, site: site, loops: loops, limit: limit, maxConnections: maxConnections)
    do {
      let channel = try await listener.open(address)
      guard let bound = channel.localAddress else { throw ChannelError.unknownLocalAddress }
      return (channel, bound)
    } catch {
      throw .cannotListen(address: "\(address)", reason: Listener.reason(error))
    }
  }

  private func closeListeners() async {
    let listeners = running.withLock { running in
      defer { running.listeners = [] }
      return running.listeners
    }
    for listener in listeners { try? await listener.close() }
  }
}

package struct BoundAddresses: Sendable {
  package var main: SocketAddress
  package var admin: SocketAddress?
}

package enum GatewayError: Error, Sendable, CustomStringConvertible {
  /// `address` as it was configured, `reason` in the system's words.
  case cannotListen(address: String, reason: String)

  package var description: String {
    switch self {
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}
