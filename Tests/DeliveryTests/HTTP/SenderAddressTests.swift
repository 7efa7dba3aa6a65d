import Delivery
import Dispatch
import NIOPosix
import Synchronization
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
        // What a name stands for may be another address at the next attempt.
        #expect(got.failure == (host == "me.test" ? .dns : .blocked), "\(host)")
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
      got
        == .failure(
          .dns,
          detail: "mixed.test stands for a blocked address: "
            + "169.254.169.254 is link-local (169.254.0.0/16)"))
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

  /// What attempts to a name come to whose first address does `script`, and the second one answers.
  private func attempts(
    _ count: Int, firstTimeout: Duration = .seconds(60), tls: Bool = false,
    first script: @escaping RawServer.Script
  ) async throws -> (results: [AttemptResult], bad: Int) {
    let context = tls ? try TestCertificates.server() : nil
    // The first one speaks no TLS.
    let bad = try await RawServer(host: "127.0.0.1", greets: true, script)
    let good = try await RawServer(host: "127.0.0.2", port: bad.port, tls: context) {
      if $0.request > 0 { $0.send(answer()) }
    }
    let authority = try TestCertificates.authority()
    let names = ["b.test": [Self.loopback, Self.second]]
    var results: [AttemptResult] = []
    await SenderWorld.run(
      names: names,
      configure: {
        $0.trustedAuthorities = authority
        // A busy machine may take long for a connection, which must not pass for a dead address.
        $0.triesOneAddress = .seconds(60)
      }
    ) {
      for number in 0..<count {
        let timeout = number == 0 ? firstTimeout : .seconds(60)
        results.append(
          await $0.send("\(tls ? "https" : "http")://b.test:\(bad.port)/", timeout: timeout))
      }
    }
    await bad.stop()
    await good.stop()
    return (results, bad.connections.count)
  }

  @Test(
    "the attempt after one that an address took and broke off goes to the next address",
    arguments: ["closes", "garbage", "502", "503", "504"])
  func nextAttempt(first: String) async throws {
    let (results, bad) = try await attempts(3) { moment in
      guard moment.request > 0 else { return }
      switch first {
      case "closes": moment.close()
      case "garbage": moment.sendAndClose("SSH-2.0-OpenSSH_9.2\r\n\r\n")
      default: moment.send(answer("\(first) Bad"))
      }
    }
    #expect(results.first != .status(200))
    #expect(results.dropFirst() == [.status(200), .status(200)])
    #expect(bad == 1)
  }

  @Test("the attempt after one that hung goes to the next address")
  func nextAfterHang() async throws {
    // Half of it is for the connection to the first address.
    let (results, bad) = try await attempts(2, firstTimeout: .seconds(20)) { _ in }
    #expect(results.first?.failure == .timeout)
    #expect(results.last == .status(200))
    #expect(bad == 1)
  }

  @Test("the attempt after a failed TLS handshake goes to the next address")
  func nextAfterTLS() async throws {
    let (results, _) = try await attempts(2, tls: true) {
      if $0.request == 0 { $0.send("HTTP/1.1 400 Bad\r\n\r\n") }
    }
    #expect(results.first?.failure == .tls)
    #expect(results.last == .status(200))
  }

  @Test("a name that stood for a blocked address is called when it stands for another one")
  func blockedForAMoment() async throws {
    let server = try await RawServer { $0.send(answer()) }
    let clock = HTTPTestClock()
    let answers = Mutex<[IPAddress]>([Self.loopback, .v4(0)])
    let resolver = NameResolver(clock: clock) { _ in
      .success([answers.withLock { $0.removeLast() }])
    }
    let sender = AsyncHTTPClientSender(
      configuration: .init(), guard: EgressGuard(clock: clock), resolver: resolver,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
    let url = "http://sinkhole.test:\(server.port)/"
    let request = OutboundRequest(
      url: url, origin: SenderWorld.origin(url), method: "POST", headers: [], body: [],
      timeout: .seconds(60))
    let first = await sender.send(request)
    #expect(first.failure == .dns)
    #expect(first.detail.contains("0.0.0.0"))
    clock.advance(.seconds(60))
    #expect(await sender.send(request) == .status(200))
    await sender.shutdown()
    resolver.shutdown()
    await server.stop()
  }

  @Test("of a name with a thousand addresses one attempt tries eight")
  func thousand() async throws {
    let closed = try ClosedPort()
    let addresses = (1...1000).map { IPAddress.v4(0x7f01_0000 + UInt32($0)) }
    let got = await SenderWorld.run(names: ["many.test": addresses]) {
      await $0.send("http://many.test:\(closed.port)/")
    }
    #expect(got == .failure(.connect, detail: "connection refused (127.1.0.8:\(closed.port))"))
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
