import NIOCore
import Synchronization

/// How many bytes of requests may be held over all connections while they are being received or wait
/// for room, in two parts: small requests have one of their own, so that no number of large ones
/// locks them out. Small heads, and bodies that arrive in one piece with their head and find room,
/// never ask.
///
/// A mutex, since it is asked once for each piece of what comes in pieces, and held shortly.
package final class ReceiveBudget: Sendable {
  /// The claim of one request on a part.
  struct Claim: Sendable, Equatable {
    fileprivate let id: ReceivePart.ID
  }

  enum Order: Sendable {
    /// There is room: read on.
    case goOn
    /// The request pays for the others: refuse it.
    case giveUp
  }

  /// Bytes up to which a request is small.
  static let smallMax = 64 << 10

  fileprivate struct State {
    var small: ReceivePart
    var large: ReceivePart
    var listeners: [ReceivePart.ID: Listener] = [:]
    var nextID: ReceivePart.ID = 0
  }

  fileprivate struct Listener {
    var isLarge = false
    let notify: @Sendable (ReceivePart.ID, Order) -> Void
  }

  fileprivate typealias Call = (
    notify: @Sendable (ReceivePart.ID, Order) -> Void, ReceivePart.ID, Order
  )

  private let state: Mutex<State>

  /// - Parameters:
  ///   - limit: bytes of both parts together; a quarter of it is for small requests.
  ///   - largest: bytes of the largest request. Four of them find room in any case: two, in buffers
  ///     that grow by doubling.
  package init(limit: Int, largest: Int = 0, patience: Duration = .milliseconds(500)) {
    let small = limit / 4
    let large = max(limit - small, 4 * largest)
    state = Mutex(
      State(
        small: ReceivePart(limit: small, patience: patience),
        large: ReceivePart(limit: large, patience: patience)))
  }

  package var bytes: Int { state.withLock { $0.small.held + $0.large.held } }

  // MARK: Requests that are being received

  /// `notify` is called on any thread and must only hand over.
  func open(
    for peer: PeerAddress, now: NIODeadline,
    notify: @escaping @Sendable (Claim, Order) -> Void
  ) -> Claim {
    state.withLock { state in
      let id = state.nextID
      state.nextID += 1
      state.listeners[id] = Listener { notify(Claim(id: $0), $1) }
      state.small.open(id, peer: peer, since: now)
      return Claim(id: id)
    }
  }

  /// The request holds `bytes` of memory now. False: nothing more is to be read until the claim is
  /// told to go on.
  func charge(_ claim: Claim, _ bytes: Int, isLarge: Bool, now: NIODeadline) -> Bool {
    let (goesOn, calls) = state.withLock { state in
      state.move(claim.id, isLarge: isLarge)
      let goesOn = state.part(isLarge) { $0.charge(claim.id, bytes, now: now) }
      return (goesOn, state.settle(isLarge, now: now))
    }
    perform(calls)
    return goesOn
  }

  /// To be called now and then by those who wait.
  func poll(_ claim: Claim, now: NIODeadline) {
    let calls = state.withLock { state in
      guard let listener = state.listeners[claim.id] else { return [] as [Call] }
      return state.settle(listener.isLarge, now: now)
    }
    perform(calls)
  }

  func close(_ claim: Claim, now: NIODeadline) {
    let calls = state.withLock { state in
      guard let listener = state.listeners.removeValue(forKey: claim.id) else {
        return [] as [Call]
      }
      state.part(listener.isLarge) { _ = $0.close(claim.id) }
      return state.settle(listener.isLarge, now: now)
    }
    perform(calls)
  }

  /// Somebody waits for room in the part.
  func isFull(forLarge isLarge: Bool) -> Bool {
    state.withLock { isLarge ? $0.large.isFull : $0.small.isFull }
  }

  // MARK: Whole requests that wait for the store

  /// Takes `count` bytes, or nothing when they are not free.
  package func take(_ count: Int) -> Bool {
    state.withLock { $0.part(count > Self.smallMax) { $0.take(count) } }
  }

  package func give(back count: Int, now: NIODeadline) {
    let isLarge = count > Self.smallMax
    let calls = state.withLock { state in
      state.part(isLarge) { $0.give(back: count) }
      return state.settle(isLarge, now: now)
    }
    perform(calls)
  }

  private func perform(_ calls: [Call]) {
    for (notify, id, order) in calls { notify(id, order) }
  }
}

extension ReceiveBudget.State {
  fileprivate mutating func part<T>(_ isLarge: Bool, _ body: (inout ReceivePart) -> T) -> T {
    isLarge ? body(&large) : body(&small)
  }

  /// A request without a length shows only while it comes that it is a large one.
  fileprivate mutating func move(_ id: ReceivePart.ID, isLarge: Bool) {
    guard let listener = listeners[id], listener.isLarge != isLarge,
      let claim = part(listener.isLarge, { $0.close(id) })
    else { return }
    listeners[id]?.isLarge = isLarge
    part(isLarge) { $0.open(id, peer: claim.peer, since: claim.since) }
  }

  fileprivate mutating func settle(_ isLarge: Bool, now: NIODeadline) -> [ReceiveBudget.Call] {
    let orders = part(isLarge) { $0.settle(now: now) }
    if orders.isEmpty { return [] }
    var calls: [ReceiveBudget.Call] = []
    for id in orders.giveUp {
      if let listener = listeners.removeValue(forKey: id) {
        calls.append((listener.notify, id, .giveUp))
      }
    }
    for id in orders.goOn {
      if let listener = listeners[id] { calls.append((listener.notify, id, .goOn)) }
    }
    return calls
  }
}
