import Delivery
import NIOCore
import Synchronization
import Testing

@Suite("Connections that are used again")
struct SenderReuseTests {
  /// Sends until a connection was used a second time, which one is not known beforehand; the results.
  private func sending(
    until again: Flag, at url: String, in world: SenderWorld, isLastAttempt: Bool = false
  ) async -> [AttemptResult] {
    var results: [AttemptResult] = []
    while !again.isSet, results.count < 200 {
      results.append(await world.send(url, body: "{}", isLastAttempt: isLastAttempt))
    }
    return results
  }

  @Test(
    "what refuses a message on a used connection is asked again on a fresh one",
    arguments: [
      answer("400 Bad"), answer("413 Too Large"), answer("431 x"), answer("501 x"),
      answer("408 Idle", "Connection: close"), answer("500 No", "webhook-delivery: abort-message"),
      "no HTTP\r\n\r\n", "",
    ])
  func leftover(text: String) async throws {
    let again = Flag()
    let server = try await RawServer { moment in
      guard moment.request == 2 else { return moment.send(answer()) }
      again.set()
      moment.sendAndClose(text)
    }
    await SenderWorld.run { world in
      let results = await sending(until: again, at: "http://127.0.0.1:\(server.port)/", in: world)
      #expect(again.isSet)
      #expect(results.allSatisfy { $0 == .status(200) })
      // The repeat asked for its connection to be closed, so that it is nobody's second.
      #expect(server.connections.last?.contains("\r\nConnection: close\r\n") == true)
    }
    await server.stop()
  }

  @Test("a refusal that a fresh connection gives, too, is the answer")
  func confirmed() async throws {
    let again = Flag()
    let server = try await RawServer { moment in
      if moment.request == 2 { again.set() }
      moment.send(answer(again.isSet ? "422 No" : "200 OK"))
    }
    await SenderWorld.run { world in
      let results = await sending(until: again, at: "http://127.0.0.1:\(server.port)/", in: world)
      #expect(results.last == .status(422))
      #expect(results.dropLast().allSatisfy { $0 == .status(200) })
    }
    await server.stop()
  }

  @Test("a last attempt is not repeated once the receiver may have worked")
  func worked() async throws {
    let again = Flag()
    let server = try await RawServer { moment in
      guard moment.request == 2 else { return moment.send(answer()) }
      again.set()
      moment.channel.eventLoop.scheduleTask(in: .milliseconds(100)) { moment.close() }
    }
    await SenderWorld.run { world in
      let results = await sending(
        until: again, at: "http://127.0.0.1:\(server.port)/", in: world, isLastAttempt: true)
      #expect(results.last?.failure == .closed)
    }
    await server.stop()
  }

  @Test("an answer that nobody asked for costs its connection, and no message")
  func unasked() async throws {
    let (closed, closing) = AsyncStream<Void>.makeStream()
    let server = try await RawServer { moment in
      moment.send(answer("200 OK", "X: \(moment.connection)"))
      guard moment.connection == 0 else { return }
      moment.channel.closeFuture.whenComplete { _ in closing.yield() }
      moment.channel.eventLoop.scheduleTask(in: .milliseconds(10)) {
        moment.send(answer("400 Idle"))
      }
    }
    await SenderWorld.run { world in
      #expect(await world.send("http://127.0.0.1:\(server.port)/", body: "{}") == .status(200))
      for await _ in closed { break }
      #expect(await world.send("http://127.0.0.1:\(server.port)/", body: "{}") == .status(200))
    }
    #expect(server.connections.count == 2)
    await server.stop()
  }

  @Test("several connections that turn out closed cost one repeat")
  func manyStale() async throws {
    let held = Mutex<[RawServer.Moment]>([])
    let isOver = Flag()
    let server = try await RawServer { moment in
      if isOver.isSet {
        if moment.request == 1 { moment.send(answer("201 Fresh")) } else { moment.close() }
        return
      }
      // Answered together, so that each has a connection of its own.
      let all = held.withLock { held in
        held.append(moment)
        return held.count == 8 ? held : []
      }
      for one in all { one.send(answer()) }
    }
    await SenderWorld.run { world in
      let url = "http://127.0.0.1:\(server.port)/"
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { #expect(await world.send(url) == .status(200)) } }
      }
      isOver.set()
      #expect(await world.send(url, body: "{}") == .status(201))
    }
    #expect(server.connections.count == 9)
    await server.stop()
  }

  @Test(
    "an answer to a request that is still leaving ends it at once", .timeLimit(.minutes(5)),
    arguments: [200, 413])
  func early(status: UInt16) async throws {
    let accepted = Mutex<(any Channel)?>(nil)
    let server = try await RawServer(peeks: true) { moment in
      guard moment.connection == 0 else {
        if moment.request == 1 { moment.send(answer()) }
        return
      }
      accepted.withLock { $0 = moment.channel }
      moment.channel.setOption(.autoRead, value: false).whenComplete { _ in
        moment.send(answer("\(status) Early"))
      }
    }
    let size = 64 << 20
    await SenderWorld.run { world in
      let url = "http://127.0.0.1:\(server.port)/"
      let body = String(repeating: "b", count: size)
      let got = await world.send(url, body: body, timeout: .seconds(3600))
      #expect(got == .status(status))
      // Another one doesn't wait behind it.
      #expect(await world.send(url, body: "{}", timeout: .seconds(3600)) == .status(200))
      let channel = accepted.withLock { $0 }
      try? await channel?.setOption(.autoRead, value: true).get()
      try? await channel?.closeFuture.get()
    }
    #expect((server.connections.first?.utf8.count ?? 0) < size)
    await server.stop()
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}
