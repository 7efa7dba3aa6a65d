import Delivery
import NIOCore
import NIOPosix

@testable import Gateway

/// A gateway on ports of its own, with a fake store behind it.
struct World {
  let server: GatewayServer
  let store: FakeStore
  let addresses: BoundAddresses

  var main: SocketAddress { addresses.main }
  var admin: SocketAddress { addresses.admin! }

  /// `state`: nil leaves the gateway recovering, without a backend.
  static func run<Value>(
    state: ServiceState? = .serving, token: String? = nil, takesAnyHost: Bool = false,
    adminToken: String? = nil, adminTakesAnyHost: Bool = false, maxBody: Int = 4096,
    limits: (inout ConnectionLimits) -> Void = { _ in },
    _ body: (World) async throws -> Value
  ) async throws -> Value {
    var connectionLimits = ConnectionLimits()
    limits(&connectionLimits)
    let local = ListenAddress(host: "127.0.0.1", port: 0)
    let server = GatewayServer(
      configuration: GatewayConfiguration(
        listen: local, token: token, takesAnyHost: takesAnyHost, admin: local,
        adminToken: adminToken, adminTakesAnyHost: adminTakesAnyHost,
        maxBody: maxBody, version: "1.2.3", limits: connectionLimits),
      group: MultiThreadedEventLoopGroup.singleton, clock: FixedClock())
    let addresses = try await server.start()
    let world = World(server: server, store: FakeStore(), addresses: addresses)
    if let state {
      server.install(
        Backend(store: world.store, probe: world.store, log: world.store), state: state)
    }
    do {
      let value = try await body(world)
      await server.stop()
      return value
    } catch {
      await server.stop()
      throw error
    }
  }

  /// Sends `bytes` on a connection of its own and returns what came until `count` responses were
  /// there or the server closed.
  func talk(_ bytes: String, responses count: Int = 1, admin: Bool = false) async throws
    -> [RawResponse]
  {
    let client = try await RawClient.connect(admin ? self.admin : main)
    try await client.send(bytes)
    let responses = try await client.responses(count)
    await client.close()
    return responses
  }
}

/// A posted message on the wire.
func post(
  _ body: String, path: String = "/", fields: String = "Content-Type: application/json\r\n",
  host: String = "localhost"
) -> String {
  "POST \(path) HTTP/1.1\r\nHost: \(host)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

func get(_ path: String, fields: String = "", method: String = "GET") -> String {
  "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
}

func envelope(_ uuid: String, body: String = "{}") -> String {
  #"{"UUID":"\#(uuid)","Url":"http://my-url/","Method":"POST","Body":"\#(body)"}"#
}
