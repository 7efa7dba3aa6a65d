import Delivery
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite("The server", .timeLimit(.minutes(5)))
struct GatewayServerTests {
  private func server(_ listen: ListenAddress, admin: ListenAddress? = nil) -> GatewayServer {
    GatewayServer(
      configuration: GatewayConfiguration(listen: listen, admin: admin),
      group: MultiThreadedEventLoopGroup.singleton, clock: FixedClock())
  }

  @Test("it answers before a backend is installed, and serves once one is")
  func installedLater() async throws {
    try await World.run(state: nil) { (world) async throws -> Void in
      #expect(try await world.talk(get("/healthz")).map(\.status) == [200])
      #expect(try await world.talk(post(envelope("m-1"))).map(\.status) == [503])
      world.server.install(Backend(store: world.store, probe: world.store, log: world.store))
      #expect(try await world.talk(post(envelope("m-1"))).map(\.status) == [202])
    }
  }

  @Test("without an address it listens on every one, without an admin address on one port only")
  func addresses() async throws {
    let server = server(ListenAddress(host: nil, port: 0))
    let addresses = try await server.start()
    #expect(addresses.admin == nil)
    let port = try #require(addresses.main.port)
    #expect(port > 0)
    let client = try await RawClient.connect(SocketAddress(ipAddress: "127.0.0.1", port: port))
    try await client.send(get("/healthz"))
    #expect(try await client.responses(1).map(\.status) == [200])
    await server.stop()
    #expect(try await client.receivedUntilClose().isEmpty == false)
  }

  @Test("a port that is taken is named, and the other listener is closed again")
  func portTaken() async throws {
    try await World.run { world in
      let taken = ListenAddress(host: "127.0.0.1", port: try #require(world.main.port))
      let failure = await #expect(throws: GatewayError.self) {
        try await server(ListenAddress(host: "localhost", port: 0), admin: taken).start()
      }
      #expect(
        failure?.description == "cannot listen on \(taken): Address already in use")
    }
  }

  @Test("addresses are written as in the configuration")
  func spelling() {
    #expect("\(ListenAddress(host: nil, port: 8080))" == ":8080")
    #expect("\(ListenAddress(host: "::1", port: 80))" == "[::1]:80")
    #expect("\(ListenAddress(host: "a.b", port: 80))" == "a.b:80")
  }

  @Test("shutting down: who has begun is answered, who comes later on a kept connection is refused")
  func drain() async throws {
    try await World.run { world in
      let body = envelope("m-2")
      let waiting = try await RawClient.connect(world.main)
      let sending = try await RawClient.connect(world.main)
      let idle = try await RawClient.connect(world.main)
      try await idle.send(get("/healthz"))
      #expect(try await idle.responses(1).map(\.status) == [200])
      world.store.state.withLock { $0.holds = true }
      try await waiting.send(post(envelope("m-1")))
      try await sending.send(String(post(body).dropLast(5)))
      while world.store.state.withLock({ $0.held.isEmpty }) || world.server.budgetBytes == 0 {
        await Task.yield()
      }

      let draining = Task { await world.server.drain(patience: .seconds(240)) }
      while world.server.services.current.state != .draining { await Task.yield() }
      await #expect(throws: (any Error).self) { try await RawClient.connect(world.main) }
      try await idle.send(post(envelope("late")) + get("/healthz"))
      let late = RawResponse.parse(try await idle.receivedUntilClose())
      #expect(late.map(\.status) == [200, 503])
      #expect(late.last?.field("Connection") == "close")
      #expect(late.last?.field("Retry-After") == "1")

      try await sending.send(String(body.suffix(5)))
      while world.store.state.withLock({ $0.held.count }) < 2 { await Task.yield() }
      world.store.commit()
      for client in [waiting, sending] {
        let answer = try #require(RawResponse.parse(try await client.receivedUntilClose()).first)
        #expect(answer.status == 202)
        #expect(answer.field("Connection") == "close")
      }
      await draining.value
      #expect(world.store.stored == ["m-1", "m-2"])
    }
  }

  @Test("while the shutdown is only announced, requests are served and /readyz says no")
  func announced() async throws {
    try await World.run { (world) async throws -> Void in
      world.server.announceLeaving()
      for (request, status) in [
        (get("/readyz"), 503), (post(envelope("m-1")), 202), (get("/"), 405),
      ] {
        let client = try await RawClient.connect(world.main)
        try await client.send(request)
        let answers = RawResponse.parse(try await client.receivedUntilClose())
        #expect(answers.map(\.status) == [status])
        #expect(answers.last?.field("Connection") == "close")
      }
      await world.server.drain(patience: .zero)
      await #expect(throws: (any Error).self) { try await RawClient.connect(world.main) }
    }
  }

  @Test("a shutdown waits for half a request no longer than it is told to")
  func hangingClient() async throws {
    try await World.run { world in
      let hanging = try await RawClient.connect(world.main)
      try await hanging.send(String(post(envelope("m-1")).dropLast(5)))
      while world.server.budgetBytes == 0 { await Task.yield() }
      await world.server.drain(patience: .milliseconds(50))
      let answers = RawResponse.parse(try await hanging.receivedUntilClose())
      #expect(answers.map(\.status) == [503])
      #expect(answers[0].body.contains(#""type":"draining""#))
      #expect(answers[0].field("Connection") == "close")
      #expect(world.store.stored.isEmpty)
    }
  }

  @Test("no cache keeps an answer, whatever it says")
  func noStore() async throws {
    try await World.run { (world) async throws -> Void in
      let requests = [
        get("/healthz"), get("/nowhere"), get("/", method: "OPTIONS"), get("/messages/m-1"),
        post(envelope("m-1")), post("x"), "nonsense\r\n\r\n",
      ]
      for request in requests {
        let answer = try #require(try await world.talk(request).first)
        #expect(answer.field("Cache-Control") == "no-store")
      }
    }
  }
}
