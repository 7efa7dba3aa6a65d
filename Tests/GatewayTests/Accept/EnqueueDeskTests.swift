import Delivery
import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite("The desk of an event loop")
struct EnqueueDeskTests {
  private final class Waiter: EnqueueWaiter {
    var results: [Result<Admission, StoreError>] = []
    func enqueueEnded(_ result: Result<Admission, StoreError>) { results.append(result) }
  }

  private let eventLoop = EmbeddedEventLoop()
  private let store = FakeStore()
  private let budget = ReceiveBudget(limit: 40_000)

  private func desk() -> EnqueueDesk {
    EnqueueDesk(eventLoop: eventLoop, budget: budget, roomTimeout: .seconds(5))
  }

  private func message(_ uuid: String) -> Message {
    Message(uuid: uuid, url: "http://a/", origin: Origin(normalised: "http://a:80"))
  }

  private func submit(_ desk: EnqueueDesk, _ uuid: String, _ waiter: Waiter) -> EnqueueDesk.Verdict
  {
    desk.submit(message(uuid), to: store, generation: 1, for: waiter)
  }

  @Test("answers reach their own waiters, once")
  func answers() {
    let desk = desk()
    store.state.withLock { $0.holds = true }
    let waiters = (0..<3).map { _ in Waiter() }
    for (index, waiter) in waiters.enumerated() { _ = submit(desk, "m-\(index % 2)", waiter) }
    eventLoop.run()
    #expect(waiters.allSatisfy { $0.results.isEmpty })
    store.commit()
    store.commit()
    eventLoop.run()
    #expect(waiters.map(\.results.count) == [1, 1, 1])
    guard case .success(.duplicate) = waiters[2].results[0] else {
      Issue.record("the third message has the first one's UUID")
      return
    }
  }

  @Test("who comes while others wait for room goes behind them")
  func order() {
    let desk = desk()
    let waiters = (0..<3).map { _ in Waiter() }
    store.state.withLock { $0.isFull = true }
    _ = submit(desk, "m-0", waiters[0])
    _ = submit(desk, "m-1", waiters[1])
    // There is room, but the desk has not heard of it yet.
    store.state.withLock { $0.isFull = false }
    guard case .kept = submit(desk, "m-2", waiters[2]) else {
      Issue.record("the third one passed the others")
      return
    }
    store.makeRoom()
    eventLoop.run()
    #expect(store.stored == ["m-0", "m-1", "m-2"])
    #expect(waiters.map(\.results.count) == [1, 1, 1])
    #expect(budget.bytes == 0)
  }

  @Test("who has left hears nothing, and neither does the next user of the place")
  func left() {
    let desk = desk()
    store.state.withLock { $0.holds = true }
    let (first, second) = (Waiter(), Waiter())
    guard case .handedOver(let token) = submit(desk, "m-0", first) else {
      Issue.record("the store has room")
      return
    }
    desk.leave(token)
    store.commit()
    eventLoop.run()
    _ = submit(desk, "m-1", second)
    // A token of an earlier round means nobody.
    desk.leave(token)
    store.commit()
    eventLoop.run()
    #expect(first.results.isEmpty)
    #expect(second.results.count == 1)
  }

  @Test("closing tells those who wait for room")
  func close() {
    let desk = desk()
    let waiter = Waiter()
    store.state.withLock { $0.isFull = true }
    _ = submit(desk, "m-0", waiter)
    desk.close()
    #expect(waiter.results.count == 1)
    #expect(budget.bytes == 0)
  }
}
