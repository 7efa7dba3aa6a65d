import Delivery
import Glibc
import NIOCore
import Testing
import Synchronization

@Suite("What the sender makes of destinations that fail")
struct SenderFailureTests {
  private func result(
    greets: Bool = false, timeout: Duration = .seconds(60),
    of script: @escaping RawServer.Script
  ) async throws -> AttemptResult {
    let server = try await RawServer(greets: greets, script)
    let result = await SenderWorld.run {
      await $0.send("http://127.0.0.1:\(server.port)/", body: "{}", timeout: timeout)
    }
    await server.stop()
    return result
  }

  @Test("a refused connection is said to be refused")
  func refused() async throws {
    let closed = try ClosedPort()
    let got = await SenderWorld.run { await $0.send("http://127.0.0.1:\(closed.port)/") }
    #expect(got == .failure(.connect, detail: "connection refused (127.0.0.1:\(closed.port))"))
  }

  /// The result of an attempt whose connection stood before its time was over.
  private func timedOut(
    of script: @escaping RawServer.Script
  ) async throws -> (result: AttemptResult, timeoutMs: Int) {
    try await withTimeout(tooEarly: { $0.detail.hasPrefix("no connection") }) { timeoutMs in
      try await result(timeout: .milliseconds(timeoutMs), of: script)
    }
  }

  @Test("a destination that never answers costs the attempt's time")
  func hangs() async throws {
    let (got, timeoutMs) = try await timedOut { _ in }
    #expect(got == .failure(.timeout, detail: "no answer within \(timeoutMs) ms"))
  }

  @Test("a connection closed before a status is closed", arguments: ["", "HTTP/1.1 20"])
  func closes(sent: String) async throws {
    let got = try await result { $0.sendAndClose(sent) }
    #expect(got == .failure(.closed, detail: "connection closed before the answer"))
  }

  @Test("a connection closed at once is a failed connection or a closed one")
  func closesAtOnce() async throws {
    let got = try await result(greets: true) { $0.close() }
    #expect(got.failure == .closed || got.failure == .connect)
  }

  @Test("a reset connection is closed")
  func reset() async throws {
    let got = try await result {
      let channel = $0.channel
      let socket = channel as? any SocketOptionProvider
      socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        .whenComplete { _ in channel.close(promise: nil) }
    }
    #expect(got.failure == .closed)
  }

  @Test(
    "what isn't HTTP is a protocol error",
    arguments: [
      "garbage\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "HTTP/9.9 200 OK\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n",
    ])
  func garbage(text: String) async throws {
    let got = try await result { $0.send(text) }
    #expect(got.failure == .protocol, "\(got)")
    #expect(!got.detail.isEmpty && !got.detail.contains("\n"))
  }

  @Test(
    "an endless head ends with what is legible of it",
    arguments: [
      ("HTTP/1.1 200 OK\r\nX: ", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"), ("HTTP/1.1 200 ", "zzzzzzzz"),
      ("HTTP/1.1 200 OK\r\n", "X-A: \(String(repeating: "z", count: 1000))\r\n"),
      ("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
    ])
  func endlessHead(start: String, rest: String) async throws {
    let got = try await result {
      $0.send(start)
      $0.sendForEver(String(repeating: rest, count: 50))
    }
    #expect(got == .status(200))
  }

  @Test("interim answers without end are no answer")
  func endlessInterim() async throws {
    let got = try await result {
      $0.sendForEver(String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 50))
    }
    #expect(got.failure == .protocol, "\(got)")
  }

  @Test("a TLS alert in place of an answer is said to be TLS")
  func tlsAlert() async throws {
    let got = try await result {
      $0.channel.writeAndFlush(ByteBuffer(bytes: [0x15, 3, 3, 0, 2, 2, 0x46]), promise: nil)
    }
    #expect(got == .failure(.protocol, detail: "the port speaks TLS, the URL says http"))
  }

  @Test("an answer that comes before the request is an answer or a failure, never a crash")
  func unasked() async throws {
    let got = try await result(greets: true) { moment in
      if moment.request == 0 { moment.send(answer("200 Too Early")) }
    }
    #expect(got.failure != nil || got == .status(200))
  }

  @Test("bytes after an answer don't become the next one's")
  func twoAnswers() async throws {
    let server = try await RawServer { $0.send(answer("201 First") + answer("202 Second")) }
    await SenderWorld.run { world in
      for _ in 0..<4 {
        let got = await world.send("http://127.0.0.1:\(server.port)/")
        #expect(got == .status(201))
      }
    }
    await server.stop()
  }

  @Test("a kept connection that turns out closed is replaced once, within the same attempt")
  func stale() async throws {
    // Which connection is kept is not known beforehand: on a busy machine the first may be lost.
    let closed = Atomic(false)
    let server = try await RawServer { moment in
      if moment.request == 2, !closed.exchange(true, ordering: .relaxed) {
        moment.close()
      } else {
        moment.send(answer("200 OK", "X: \(moment.connection)"))
      }
    }
    await SenderWorld.run { world in
      var results: [AttemptResult] = []
      while !closed.load(ordering: .relaxed), results.count < 100 {
        results.append(await world.send("http://127.0.0.1:\(server.port)/"))
      }
      let wasClosed = closed.load(ordering: .relaxed)
      #expect(wasClosed)
      #expect(results.filter { $0 != .status(200) }.isEmpty)
    }
    #expect(server.connections.count >= 2)
    await server.stop()
  }

  @Test("a new connection that is closed without an answer is not tried again")
  func notStale() async throws {
    let server = try await RawServer { $0.close() }
    let got = await SenderWorld.run { await $0.send("http://127.0.0.1:\(server.port)/") }
    #expect(got.failure == .closed)
    #expect(server.connections.count == 1)
    await server.stop()
  }

  @Test("a message that can't be sent says so", arguments: ["bad name", "bad\rname", ""])
  func unsendable(name: String) async throws {
    let server = try await RawServer { $0.send(answer()) }
    let got = await SenderWorld.run {
      await $0.send(
        "http://127.0.0.1:\(server.port)/", headers: [HeaderField(name: name, value: "a\nb")])
    }
    #expect(got.failure == .protocol, "\(got)")
    #expect(server.connections.joined().isEmpty)
    await server.stop()
  }

  @Test(
    "a method that would break the request line is not sent", arguments: ["", "GET / X", "A\r\nB"])
  func badMethod(method: String) async throws {
    let server = try await RawServer { $0.send(answer()) }
    let got = await SenderWorld.run {
      await $0.send("http://127.0.0.1:\(server.port)/", method: method)
    }
    #expect(got.failure == .protocol)
    #expect(server.connections.joined().isEmpty)
    await server.stop()
  }

  @Test("the text of a failure is one line that fits into a record")
  func clipped() async throws {
    let long = await SenderWorld.run {
      await $0.send("http://\(String(repeating: "ü", count: 3000)).test/")
    }
    #expect(long.failure == .dns)
    #expect(long.detail.utf8.count <= 512)
    let lines = await SenderWorld.run { await $0.send("http://a\r\nb\tc.test/") }
    #expect(lines.failure != nil)
    #expect(lines.detail.utf8.allSatisfy { $0 >= 0x20 })
  }

  @Test("a URL that can't be read is a failure", arguments: ["", "nowhere", "http://", "ftp://a/"])
  func badURL(url: String) async throws {
    let got = await SenderWorld.run {
      await $0.sender.send(
        OutboundRequest(
          url: url, origin: Origin(normalised: url), method: "GET", headers: [], body: [],
          timeout: .seconds(60)))
    }
    #expect(got == .failure(.protocol, detail: "the URL can't be read"))
  }
}
