import Delivery
import Testing

@Suite("What a request looks like on the wire")
struct SenderWireTests {
  /// Sends one request to a server that answers 200 and returns what the server got.
  private func wire(
    path: String = "/", method: String = "POST", headers: [HeaderField] = [], body: String = ""
  ) async throws -> (text: String, port: Int) {
    let server = try await RawServer { $0.send(answer()) }
    let result = await SenderWorld.run {
      await $0.send(
        "http://127.0.0.1:\(server.port)\(path)", method: method, headers: headers, body: body)
    }
    #expect(result == .status(200))
    await server.stop()
    return (server.connections.first ?? "", server.port)
  }

  @Test("headers keep their case, their order and their values byte for byte")
  func headers() async throws {
    let (text, port) = try await wire(
      path: "/hook",
      headers: [
        HeaderField(name: "Content-Type", value: "application/json"),
        HeaderField(name: "x-lower", value: "a"), HeaderField(name: "X-UPPER", value: "b"),
        HeaderField(name: "x-Lower", value: "  spaces,  and ümläuts "),
        HeaderField(name: "webhook-id", value: "u"),
      ], body: "{}")
    #expect(
      text == """
        POST /hook HTTP/1.1\r
        Host: 127.0.0.1:\(port)\r
        Content-Type: application/json\r
        x-lower: a\r
        X-UPPER: b\r
        x-Lower:   spaces,  and ümläuts \r
        webhook-id: u\r
        Content-Length: 2\r
        \r
        {}
        """)
  }

  @Test(
    "path and query go out as the URL spells them",
    arguments: [
      ("", "/"), ("/", "/"), ("?q=1", "/?q=1"), ("/a/../b//c/./d", "/a/../b//c/./d"),
      ("/%7e%2F%2f%zz", "/%7e%2F%2f%zz"), ("/a?x[y]={1}|2\"<>^`\\", "/a?x[y]={1}|2\"<>^`\\"),
      ("/a?b?c=d&e", "/a?b?c=d&e"), ("/a?", "/a?"), ("/a#fragment?x", "/a"), ("#f", "/"),
      ("/a b\u{1}ü", "/a%20b%01%C3%BC"), ("/a+b;c=1,d@e:f", "/a+b;c=1,d@e:f"),
    ])
  func uri(path: String, expected: String) async throws {
    let (text, _) = try await wire(path: path)
    #expect(text.hasPrefix("POST \(expected) HTTP/1.1\r\nHost: "))
    #expect(!text.contains("Dispatcher-Request-Uri"))
  }

  @Test(
    "an empty body has a length where the method has bodies, and none elsewhere",
    arguments: [
      ("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("HEAD", false),
      ("DELETE", false),
    ])
  func emptyBody(method: String, hasLength: Bool) async throws {
    let (text, _) = try await wire(method: method)
    #expect(text.hasPrefix("\(method) / HTTP/1.1\r\n"))
    #expect(text.contains("\r\nContent-Length: 0\r\n") == hasLength)
    #expect(!text.lowercased().contains("transfer-encoding"))
  }

  @Test(
    "a body goes out with its length, whatever the method",
    arguments: ["GET", "DELETE", "POST", "PROPFIND"])
  func body(method: String) async throws {
    let (text, _) = try await wire(method: method, body: "five!")
    #expect(text.hasPrefix("\(method) / HTTP/1.1\r\n"))
    #expect(text.hasSuffix("\r\nContent-Length: 5\r\n\r\nfive!"))
  }

  @Test("nothing is added to a request but host and length")
  func nothingAdded() async throws {
    let (text, port) = try await wire(method: "GET")
    #expect(text == "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
  }

  @Test("the host header is the URL's, also when the name is connected to by its address")
  func host() async throws {
    let server = try await RawServer { $0.send(answer()) }
    let names = ["b.test": [IPAddress.v4(0x7f00_0001)]]
    let result = await SenderWorld.run(names: names) {
      await $0.send("http://B.test:\(server.port)/x", method: "GET")
    }
    #expect(result == .status(200))
    #expect(
      server.connections == ["GET /x HTTP/1.1\r\nHost: B.test:\(server.port)\r\n\r\n"])
    await server.stop()
  }

  @Test("a large body arrives whole", arguments: [16_000, 70_000, 5_000_000])
  func largeBody(size: Int) async throws {
    let body = String((0..<size).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
    let (text, _) = try await wire(body: body)
    #expect(text.utf8.count > size)
    #expect(text.hasSuffix("\r\nContent-Length: \(size)\r\n\r\n\(body)"))
  }

  @Test("a kept connection carries the next request")
  func keepAlive() async throws {
    let server = try await RawServer { $0.send(answer()) }
    await SenderWorld.run { world in
      for index in 0..<5 {
        let result = await world.send("http://127.0.0.1:\(server.port)/\(index)", body: "x")
        #expect(result == .status(200))
      }
    }
    // One event loop each for the first two requests at most.
    let requests = server.connections.reduce(0) { $0 + $1.components(of: "POST /") }
    #expect(requests == 5, "\(server.connections)")
    #expect(server.connections.count < 5)
    await server.stop()
  }

  @Test("with many connections open, requests ask for theirs to be closed")
  func manyConnections() async throws {
    let server = try await RawServer(host: "0.0.0.0") { $0.send(answer()) }
    let configure: (inout AsyncHTTPClientSender.Configuration) -> Void = {
      $0.worker = 1
      $0.keptConnections = 2
      // A kept one must not go by itself, however slow the machine is.
      $0.idleConnection = .seconds(3600)
    }
    await SenderWorld.run(configure: configure) { world in
      // Each address has a connection of its own; two may be kept.
      for host in (1...4).map({ "127.0.0.\($0)" }) {
        #expect(await world.send("http://\(host):\(server.port)/", method: "GET") == .status(200))
      }
    }
    let closing = server.connections.filter { $0.hasSuffix("\r\nConnection: close\r\n\r\n") }
    #expect(closing.count == 2)
    await server.stop()
  }
}

extension String {
  fileprivate func components(of needle: String) -> Int { split(separator: needle).count }
}
