import Delivery
import NIOCore
import Testing

@testable import Gateway

@Suite("Connections", .timeLimit(.minutes(5)))
struct ConnectionTests {
  @Test("pipelined requests of both kinds are answered in their order")
  func pipelining() async throws {
    try await World.run { world in
      var bytes = ""
      for index in 0..<50 {
        bytes += post(envelope("m-\(index)")) + get("/messages/unknown-\(index)") + get("/healthz")
      }
      let answers = try await world.talk(bytes, responses: 150)
      try #require(answers.count == 150)
      for index in 0..<50 {
        #expect(answers[index * 3].field("Location") == "/messages/m-\(index)")
        #expect(answers[index * 3 + 1].status == 404)
        #expect(answers[index * 3 + 1].body.contains("unknown-\(index)"))
        #expect(answers[index * 3 + 2].status == 200)
      }
    }
  }

  @Test("requests in arbitrary pieces get the same answers")
  func pieces() async throws {
    try await World.run { world in
      let chunked =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\n\(envelope("m-2").prefix(5))\r\n"
        + "\(String(envelope("m-2").utf8.count - 5, radix: 16))\r\n\(envelope("m-2").dropFirst(5))\r\n0\r\n\r\n"
      let bytes = Array((post(envelope("m-1")) + chunked + get("/nowhere")).utf8)
      var random = SeededGenerator(seed: 7)
      for _ in 0..<20 {
        let client = try await RawClient.connect(world.main)
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = rest.prefix(Int.random(in: 1...60, using: &random))
          rest = rest.dropFirst(piece.count)
          try await client.send(Array(piece))
        }
        let answers = try await client.responses(3)
        #expect(answers.map(\.status) == [202, 202, 404])
        await client.close()
      }
      #expect(world.store.stored == ["m-1", "m-2"])
    }
  }

  @Test("Expect: 100-continue is answered, then the message")
  func expectContinue() async throws {
    try await World.run { world in
      let client = try await RawClient.connect(world.main)
      let body = envelope("m-1")
      try await client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
      )
      #expect(try await client.responses(1).map(\.status) == [100])
      try await client.send(body)
      #expect(try await client.responses(2).map(\.status) == [100, 202])
      await client.close()
    }
  }

  @Test("HTTP/1.0: closed after the answer unless the client asks to keep it")
  func http10() async throws {
    try await World.run { world in
      let body = envelope("m-1")
      let request = "POST / HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n"
      let client = try await RawClient.connect(world.main)
      try await client.send(request + "\r\n" + body)
      let answer = try #require(RawResponse.parse(try await client.receivedUntilClose()).first)
      #expect(answer.status == 202)
      #expect(answer.field("Connection") == "close")
      let kept = try await world.talk(
        request + "Connection: keep-alive\r\n\r\n" + body + get("/healthz"), responses: 2)
      #expect(kept.map(\.status) == [202, 200])
      #expect(kept[0].field("Connection") == "keep-alive")
    }
  }

  @Test("Connection: close is answered in kind, and the connection closed")
  func connectionClose() async throws {
    try await World.run { world in
      let client = try await RawClient.connect(world.main)
      try await client.send(
        post(envelope("m-1"), fields: "Connection: close\r\n") + get("/healthz"))
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [202])
      #expect(answers[0].field("Connection") == "close")
    }
  }

  @Test("a client that shuts its sending side down still gets its answers")
  func halfClosed() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.holds = true }
      let client = try await RawClient.connect(world.main)
      try await client.send(post(envelope("m-1")) + get("/healthz"))
      try await client.closeOutput()
      while world.store.state.withLock({ $0.held.isEmpty }) { await Task.yield() }
      world.store.commit()
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [202, 200])
    }
  }

  @Test("a refused request is answered with a problem and closed, though the client sends on")
  func refused() async throws {
    try await World.run { world in
      let body = String(repeating: "x", count: 300_000)
      let client = try await RawClient.connect(world.main)
      try await client.send(post(body))
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [413])
      #expect(answers[0].field("Connection") == "close")
      #expect(answers[0].field("Content-Type") == "application/problem+json")
      #expect(answers[0].body.contains(#""type":"body-too-large""#))
      // What counts for the caller is the limit of the body, as it is configured.
      #expect(answers[0].body.contains("at most 4096 bytes in its body"))
      #expect(answers[0].body.contains(#""errors":[{"pointer":"""#))
    }
  }

  @Test("a smuggled request is neither stored nor answered")
  func smuggling() async throws {
    try await World.run { world in
      let inner = post(envelope("inner"))
      let client = try await RawClient.connect(world.main)
      try await client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(inner.utf8.count + 5)\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner)
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [400])
      #expect(world.store.stored.isEmpty)
    }
  }

  @Test("TLS on the plain port is answered 400 and closed")
  func tls() async throws {
    try await World.run { world in
      let client = try await RawClient.connect(world.main)
      try await client.send([0x16, 0x03, 0x01, 0x00, 0xA5, 0x01, 0x00, 0x00, 0xA1, 0x03, 0x03])
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == [400])
    }
  }

  @Test(
    "half a head and half a body are refused and closed when their time is up",
    arguments: [
      ("GET / HT", [408]), (get("/healthz") + "GET", [200, 408]),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab", [408]),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", [408]),
    ])
  func unfinished(bytes: String, statuses: [Int]) async throws {
    try await World.run { (limits: inout ConnectionLimits) in
      limits.headTimeout = .milliseconds(50)
      limits.bodyTimeout = .milliseconds(50)
    } _: { world in
      let client = try await RawClient.connect(world.main)
      try await client.send(bytes)
      let answers = RawResponse.parse(try await client.receivedUntilClose())
      #expect(answers.map(\.status) == statuses)
      #expect(answers.last?.field("Connection") == "close")
    }
  }

  @Test("an idle connection is closed without a word when its time is up")
  func idle() async throws {
    try await World.run {
      $0.idleTimeout = .milliseconds(50)
    } _: { world in
      let client = try await RawClient.connect(world.main)
      #expect(try await client.receivedUntilClose().isEmpty)
      while world.server.counters.connections > 0 { await Task.yield() }
    }
  }

  @Test("a client that leaves before its answer costs nothing")
  func clientLeaves() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.holds = true }
      for index in 0..<20 {
        let client = try await RawClient.connect(world.main)
        try await client.send(post(envelope("m-\(index)")))
        while world.store.state.withLock({ $0.held.count <= index }) { await Task.yield() }
        await client.close()
      }
      world.store.commit()
      world.store.state.withLock { $0.holds = false }
      // The answers went nowhere; the slots are used again.
      let answers = try await world.talk(post(envelope("m-0")) + post(envelope("n")), responses: 2)
      #expect(answers.map(\.status) == [202, 202])
      #expect(answers[0].body.contains(#""Duplicate":true"#))
      while world.server.counters.connections > 0 { await Task.yield() }
    }
  }

  @Test("for one connection too many the longest idle one goes, also when all are of one address")
  func connectionLimit() async throws {
    try await World.run {
      $0.maxConnections = 3
    } _: { world in
      let silent = try await RawClient.connect(world.main)
      while world.server.counters.connections < 1 { await Task.yield() }
      let second = try await RawClient.connect(world.main)
      while world.server.counters.connections < 2 { await Task.yield() }
      let last = try await RawClient.connect(world.main)
      try await last.send(get("/healthz"))
      #expect(try await last.responses(1).map(\.status) == [200])

      #expect(try await world.talk(get("/healthz")).map(\.status) == [200])
      #expect(try await silent.receivedUntilClose().isEmpty)
      while world.server.counters.connections > 2 { await Task.yield() }
      let next = try await RawClient.connect(world.main)
      #expect(try await world.talk(get("/healthz")).map(\.status) == [200])
      #expect(try await second.receivedUntilClose().isEmpty)
      try await last.send(get("/healthz"))
      #expect(try await last.responses(2).map(\.status) == [200, 200])
      await next.close()
      await last.close()
    }
  }

  @Test("who waits for an answer keeps its connection, and the new one is closed")
  func allBusy() async throws {
    try await World.run {
      $0.maxConnections = 1
    } _: { world in
      world.store.state.withLock { $0.holds = true }
      let busy = try await RawClient.connect(world.main)
      try await busy.send(post(envelope("m-1")))
      while world.store.state.withLock({ $0.held.isEmpty }) { await Task.yield() }
      let late = try await RawClient.connect(world.main)
      #expect(try await late.receivedUntilClose().isEmpty)
      world.store.commit()
      #expect(try await busy.responses(1).map(\.status) == [202])
      await busy.close()
    }
  }

  @Test("when callers have taken all connections, the admin listener still has some")
  func adminConnections() async throws {
    try await World.run {
      $0.maxConnections = 1
      $0.adminConnections = 1
    } _: { world in
      let caller = try await RawClient.connect(world.main)
      try await caller.send(get("/healthz"))
      #expect(try await caller.responses(1).map(\.status) == [200])
      #expect(try await world.talk(get("/metrics"), admin: true).map(\.status) == [200])
      await caller.close()
    }
  }

  @Test("a client that reads late has all its answers waiting, in order")
  func lateReader() async throws {
    try await World.run { world in
      let client = try await RawClient.connect(world.main)
      // The first answers tell their length.
      try await client.send(get("/nowhere-00000"))
      let length = try await client.received { RawResponse.parse($0).count == 1 }.utf8.count
      try await client.pauseReading(true)
      let count = 12_000
      let requests = (1...count).map { index in
        get("/nowhere-" + String(repeating: "0", count: 5 - "\(index)".count) + "\(index)")
      }.joined()
      let sending = Task { try await client.send(requests) }
      // Far more than the buffers of both sockets: the gateway stopped reading meanwhile.
      try await client.pauseReading(false)
      let text = try await client.received { $0.utf8.count >= length * (count + 1) }
      #expect(text.hasSuffix("There is nothing at /nowhere-12000.\"}"))
      try await sending.value
      await client.close()
    }
  }
}
