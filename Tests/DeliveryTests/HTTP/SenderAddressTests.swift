import Delivery
import Dispatch
import NIOPosix
import Testing

@Suite("Which addresses the sender connects to")
struct SenderAddressTests {
  private static let loopback = IPAddress.v4(0x7f00_0001)
  private static let second = IPAddress.v4(0x7f00_0002)

  @Test("a name that doesn't exist is a DNS failure that names it")
  func unknownHost() async {
    let got = await SenderWorld.run { await $0.send("http://nowhere.test/") }
    #expect(got == .failure(.dns, detail: "no such host nowhere.test"))
  }

  @Test("Dispatcher's own listener is refused, by number and by name")
  func ownListener() async throws {
    let own = try await RawServer { $0.send(answer()) }
    let hosts = ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "127.9.9.9", "me.test", "[::1]"]
    await SenderWorld.run(names: ["me.test": [Self.loopback]]) { world in
      world.egress.setOwnListeners([own.address])
      for host in hosts {
        let got = await world.send("http://\(host):\(own.port)/")
        #expect(got.failure == .blocked, "\(host)")
        #expect(got.detail.contains("own listener"), "\(host)")
      }
    }
    #expect(own.connections.isEmpty)
    await own.stop()
  }

  @Test("a name with any blocked address is refused before a connection is made")
  func blockedByName() async throws {
    let server = try await RawServer { $0.send(answer()) }
    let names = ["mixed.test": [Self.loopback, .v4(0xa9fe_a9fe)]]
    let got = await SenderWorld.run(names: names) {
      await $0.send("http://mixed.test:\(server.port)/")
    }
    #expect(
      got == .failure(.blocked, detail: "169.254.169.254 is link-local (169.254.0.0/16)"))
    #expect(server.connections.isEmpty)
    await server.stop()
  }

  @Test(
    "blocked numbers are refused in every spelling",
    arguments: ["169.254.169.254", "0xa9fea9fe", "[fe80::1%251]", "[64:ff9b::a9fe:a9fe]", "0"])
  func blockedNumbers(host: String) async {
    let got = await SenderWorld.run { await $0.send("http://\(host)/") }
    #expect(got.failure == .blocked, "\(got)")
  }

  @Test("the address that a connection really has is checked before a byte is sent")
  func checkedAgain() async throws {
    let own = try await RawServer(host: "0.0.0.0") { $0.send(answer()) }
    // A guard that isn't told the interfaces' addresses finds out at the connection, which has the
    // same address on both ends. (On a machine with nothing but loopback it knows before.)
    let clock = HTTPTestClock()
    let egress = EgressGuard(clock: clock) { [] }
    egress.setOwnListeners([own.address])
    let host = LocalAddresses.read().first { $0.isRoutableV4 } ?? Self.loopback
    let resolver = NameResolver(clock: clock)
    let sender = AsyncHTTPClientSender(
      configuration: .init(), guard: egress, resolver: resolver,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
    let url = "http://\(host):\(own.port)/"
    let got = await sender.send(
      OutboundRequest(
        url: url, origin: SenderWorld.origin(url), method: "POST", headers: [], body: [],
        timeout: .seconds(60)))
    #expect(got.failure == .blocked)
    #expect(own.connections.joined().isEmpty)
    await sender.shutdown()
    await own.stop()
  }

  @Test("when the first address refuses, the next one is tried, and first the next time")
  func nextAddress() async throws {
    let closed = try ClosedPort()
    let server = try await RawServer(host: "127.0.0.2", port: closed.port) { $0.send(answer()) }
    let names = ["two.test": [Self.loopback, Self.second]]
    await SenderWorld.run(names: names) { world in
      for _ in 0..<3 {
        #expect(await world.send("http://two.test:\(server.port)/") == .status(200))
      }
    }
    await server.stop()
  }

  @Test("when all addresses refuse, the last one's refusal is the answer")
  func allRefuse() async throws {
    let first = try ClosedPort()
    let second = try ClosedPort(0x7f00_0002, port: first.port)
    let names = ["two.test": [Self.loopback, Self.second]]
    let got = await SenderWorld.run(names: names) {
      await $0.send("http://two.test:\(second.port)/")
    }
    #expect(got == .failure(.connect, detail: "connection refused (127.0.0.2:\(second.port))"))
  }

  @Test("a look-up that doesn't end costs the attempt's time or the look-up's limit")
  func slowLookup() async throws {
    let release = DispatchSemaphore(value: 0)
    let clock = HTTPTestClock()
    let resolver = NameResolver(clock: clock) { _ in
      release.wait()
      return .failure(.unavailable)
    }
    var configuration = AsyncHTTPClientSender.Configuration()
    configuration.lookupLimit = .milliseconds(150)
    let sender = AsyncHTTPClientSender(
      configuration: configuration, guard: EgressGuard(clock: clock), resolver: resolver,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
    func send(_ timeout: Duration) async -> AttemptResult {
      await sender.send(
        OutboundRequest(
          url: "http://slow.test/", origin: Origin(normalised: "http://slow.test:80"),
          method: "GET", headers: [], body: [], timeout: timeout))
    }
    #expect(
      await send(.milliseconds(50))
        == .failure(.timeout, detail: "no address for slow.test within 50 ms"))
    #expect(
      await send(.seconds(60))
        == .failure(.dns, detail: "no answer from the name server for slow.test within 150 ms"))
    release.signal()
    await sender.shutdown()
    resolver.shutdown()
  }
}

extension IPAddress {
  fileprivate var isRoutableV4: Bool {
    if case .v4 = self { return !isLoopback && AlwaysBlocked.reason(self) == nil }
    return false
  }
}
