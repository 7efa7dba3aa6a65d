import DequeModule
import Delivery
import NIOCore

/// Who waits for the store's answer to one message.
protocol EnqueueWaiter: AnyObject {
  func enqueueEnded(_ result: Result<Admission, StoreError>)
}

/// Hands the messages of one event loop to the store and the store's answers to whom they belong.
/// Lives on its event loop.
///
/// Answers come once per commit for the whole loop, without a task or a continuation per message.
/// What finds the store's queue full is kept here, in order, and tried again when there is room.
final class EnqueueDesk {
  enum Verdict {
    case handedOver(token: UInt64)
    /// The store's queue is full: kept until there is room, or until its time is up.
    case kept(token: UInt64)
    /// Nor is there room to wait in; nothing was taken.
    case noRoom
  }

  private struct Slot {
    /// nil: free, or the client left before its answer.
    var waiter: (any EnqueueWaiter)?
    /// Part of the token, so that a stray answer never meets the slot's next user.
    var round: UInt32 = 0
  }

  private struct Kept {
    let token: UInt64
    let message: Message
    let cost: Int
    let deadline: NIODeadline
  }

  private let eventLoop: any EventLoop
  private let budget: ReceiveBudget
  private let roomTimeout: TimeAmount
  private var port: (any EnqueuePort)?
  private var generation = -1
  private var slots: [Slot] = []
  private var free: [Int] = []
  private var kept: Deque<Kept> = []
  private var expiry: Scheduled<Void>?

  init(eventLoop: any EventLoop, budget: ReceiveBudget, roomTimeout: Duration) {
    self.eventLoop = eventLoop
    self.budget = budget
    self.roomTimeout = TimeAmount(roomTimeout)
  }

  /// Exactly one `enqueueEnded` follows for a returned token, unless `leave` is called with it.
  func submit(
    _ message: Message, to store: any MessageStore, generation: Int, for waiter: any EnqueueWaiter
  ) -> Verdict {
    let port = port(of: store, generation: generation)
    let token = occupySlot(waiter)
    // Those who wait already go first.
    if kept.isEmpty, case .accepted = port.submit(message, token: token) {
      return .handedOver(token: token)
    }
    if keep(message, token) { return .kept(token: token) }
    _ = vacateSlot(token)
    return .noRoom
  }

  /// The client left. Its message stays where it is: handed over, or kept until it is dropped.
  func leave(_ token: UInt64) {
    let index = Int(token & 0xFFFF_FFFF)
    guard slots.indices.contains(index), slots[index].round == UInt32(token >> 32) else { return }
    slots[index].waiter = nil
  }

  /// Lets go of the store.
  func close() {
    expiry?.cancel()
    expiry = nil
    while let first = kept.popFirst() { end(first, .failure(.unavailable(reason: "closing"))) }
    port = nil
  }

  // MARK: The store's side

  private func port(of store: any MessageStore, generation: Int) -> any EnqueuePort {
    if let port, self.generation == generation { return port }
    let desk = NIOLoopBound(self, eventLoop: eventLoop)
    let made = store.makeEnqueuePort { signal in
      desk.eventLoop.execute { desk.value.handle(signal) }
    }
    port = made
    self.generation = generation
    return made
  }

  private func handle(_ signal: EnqueueSignal) {
    switch signal {
    case .completed(let completions):
      for completion in completions {
        vacateSlot(completion.token)?.enqueueEnded(completion.result)
      }
    case .roomAvailable:
      retryKept()
    }
  }

  // MARK: Waiting for room

  private func keep(_ message: Message, _ token: UInt64) -> Bool {
    // The body and what surrounds it in memory.
    let cost = message.body.count + 1024
    guard budget.take(cost) else { return false }
    kept.append(
      Kept(token: token, message: message, cost: cost, deadline: .now() + roomTimeout))
    scheduleExpiry()
    return true
  }

  private func retryKept() {
    while let first = kept.first {
      // Nobody waits for it any more, so it is not stored either: it was never answered.
      if hasWaiter(first.token) {
        guard let port, case .accepted = port.submit(first.message, token: first.token) else {
          return
        }
      } else {
        _ = vacateSlot(first.token)
      }
      kept.removeFirst()
      budget.give(back: first.cost, now: .now())
    }
  }

  private func scheduleExpiry() {
    guard expiry == nil, let first = kept.first else { return }
    expiry = eventLoop.assumeIsolated().scheduleTask(deadline: first.deadline) { [self] in
      expiry = nil
      let now = NIODeadline.now()
      while let first = kept.first, first.deadline <= now {
        kept.removeFirst()
        end(first, .failure(.full(retryAfter: .seconds(1))))
      }
      scheduleExpiry()
    }
  }

  private func end(_ entry: Kept, _ result: Result<Admission, StoreError>) {
    budget.give(back: entry.cost, now: .now())
    vacateSlot(entry.token)?.enqueueEnded(result)
  }

  // MARK: Slots

  private func occupySlot(_ waiter: any EnqueueWaiter) -> UInt64 {
    if let index = free.popLast() {
      slots[index].waiter = waiter
      return UInt64(slots[index].round) << 32 | UInt64(index)
    }
    slots.append(Slot(waiter: waiter))
    return UInt64(slots.count - 1)
  }

  private func vacateSlot(_ token: UInt64) -> (any EnqueueWaiter)? {
    let index = Int(token & 0xFFFF_FFFF)
    guard slots.indices.contains(index), slots[index].round == UInt32(token >> 32) else {
      return nil
    }
    let waiter = slots[index].waiter
    slots[index].waiter = nil
    slots[index].round &+= 1
    free.append(index)
    return waiter
  }

  private func hasWaiter(_ token: UInt64) -> Bool { slots[Int(token & 0xFFFF_FFFF)].waiter != nil }
}
