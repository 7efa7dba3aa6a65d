import Delivery
import Testing

@Suite("Ending attempts ourselves")
struct SenderInterruptionTests {
  /// A server that never answers and says when a request has arrived and when its connection closed.
  private struct Silent {
    let server: RawServer
    let arrived: AsyncStream<Void>
    let closed: AsyncStream<Void>

    init() async throws {
      let (arrived, arrival) = AsyncStream<Void>.makeStream()
      let (closed, closing) = AsyncStream<Void>.makeStream()
      server = try await RawServer { moment in
        arrival.yield()
        moment.channel.closeFuture.whenComplete { _ in closing.yield() }
      }
      self.arrived = arrived
      self.closed = closed
    }
  }

  @Test("a cancelled attempt is interrupted at once and its connection closed")
  func cancellation() async throws {
    let silent = try await Silent()
    await SenderWorld.run { world in
      let attempt = Task { await world.send("http://127.0.0.1:\(silent.server.port)/") }
      for await _ in silent.arrived { break }
      attempt.cancel()
      #expect(await attempt.value == .interrupted)
      for await _ in silent.closed { break }
    }
    await silent.server.stop()
  }

  @Test("an attempt whose task is cancelled before it begins sends nothing")
  func cancelledBefore() async throws {
    let silent = try await Silent()
    await SenderWorld.run { world in
      let attempt = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await world.send("http://127.0.0.1:\(silent.server.port)/")
      }
      #expect(await attempt.value == .interrupted)
    }
    #expect(silent.server.connections.joined().isEmpty)
    await silent.server.stop()
  }

  @Test("shutdown interrupts what is in flight, and nothing is sent after it")
  func shutdown() async throws {
    let silent = try await Silent()
    let world = SenderWorld()
    let attempt = Task { await world.send("http://127.0.0.1:\(silent.server.port)/") }
    for await _ in silent.arrived { break }
    await world.end()
    #expect(await attempt.value == .interrupted)
    #expect(await world.send("http://127.0.0.1:\(silent.server.port)/") == .interrupted)
    #expect(silent.server.connections.count == 1)
    await silent.server.stop()
  }
}
