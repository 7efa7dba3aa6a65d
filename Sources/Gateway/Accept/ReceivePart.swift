import DequeModule
import NIOCore

/// One part of the receiving budget: who holds how much of it, who waits for room, and who pays when
/// there is none. Pure: bytes and the time go in, orders come out.
///
/// Bytes count as soon as they are held, also those that were read before anybody could say no. So
/// the part can be overdrawn, by a bounded amount.
struct ReceivePart {
  typealias ID = UInt64

  /// What follows for the claims.
  struct Orders: Equatable {
    /// There is room: read on.
    var goOn: [ID] = []
    /// This request pays for the others: refuse it. Its claim is closed.
    var giveUp: [ID] = []

    var isEmpty: Bool { goOn.isEmpty && giveUp.isEmpty }
  }

  private struct Claim {
    let peer: PeerAddress
    let since: NIODeadline
    var bytes = 0
    var waitsSince: NIODeadline?
  }

  let limit: Int
  /// Bytes held beyond the limit from which on somebody pays at once.
  let overdraft: Int
  /// How long there may be no room before somebody pays: in an honest burst it comes sooner.
  let patience: TimeAmount
  /// What is read at once: so many are let go on together as there is room for.
  private static let readSize = 64 << 10

  private var claims: [ID: Claim] = [:]
  private var byPeer: [PeerAddress: Int] = [:]
  private var waiting: Deque<ID> = []
  private(set) var held = 0

  init(limit: Int, patience: Duration) {
    self.limit = limit
    overdraft = max(limit / 8, 1 << 20)
    self.patience = TimeAmount(patience)
  }

  /// Somebody waits for room.
  var isFull: Bool { !waiting.isEmpty }

  // MARK: Requests that are being received

  mutating func open(_ id: ID, peer: PeerAddress, since: NIODeadline) {
    claims[id] = Claim(peer: peer, since: since)
  }

  /// False: there is no room, so nothing more is to be read before the claim is told to go on.
  mutating func charge(_ id: ID, _ bytes: Int, now: NIODeadline) -> Bool {
    guard var claim = claims[id] else { return true }
    let grows = bytes > claim.bytes
    count(bytes - claim.bytes, of: claim.peer)
    claim.bytes = bytes
    if grows, held > limit, claim.waitsSince == nil {
      claim.waitsSince = now
      waiting.append(id)
    }
    claims[id] = claim
    return claim.waitsSince == nil
  }

  /// The request was served, refused or left. Returns who holds the claim and since when.
  @discardableResult
  mutating func close(_ id: ID) -> (peer: PeerAddress, since: NIODeadline)? {
    guard let claim = claims.removeValue(forKey: id) else { return nil }
    count(-claim.bytes, of: claim.peer)
    if claim.waitsSince != nil { waiting.removeAll { $0 == id } }
    return (claim.peer, claim.since)
  }

  // MARK: Whole requests that wait for the store

  /// Takes `count` bytes, or nothing when they are not free.
  mutating func take(_ count: Int) -> Bool {
    guard held + count <= limit else { return false }
    held += count
    return true
  }

  mutating func give(back count: Int) { held -= count }

  // MARK: Who goes on and who pays

  mutating func settle(now: NIODeadline) -> Orders {
    var orders = Orders()
    while held > limit, let id = payer(now: now) {
      close(id)
      orders.giveUp.append(id)
    }
    var room = held > limit ? 0 : 1 + (limit - held) / Self.readSize
    while room > 0, let id = waiting.popFirst() {
      claims[id]?.waitsSince = nil
      orders.goOn.append(id)
      room -= 1
    }
    return orders
  }

  /// nil: it is nobody's turn to pay yet.
  private func payer(now: NIODeadline) -> ID? {
    // One address has half of it at most while others wait. A proxy is one address, too: nothing
    // happens to it as long as nobody else is there.
    if let greedy = byPeer.first(where: { $0.value > limit / 2 })?.key,
      waiting.contains(where: { claims[$0]?.peer != greedy })
    {
      return worst(now: now) { $0.peer == greedy }
    }
    guard held <= limit + overdraft else { return worst(now: now) { _ in true } }
    guard let first = waiting.first, let since = claims[first]?.waitsSince,
      since + patience <= now
    else { return nil }
    return worst(now: now) { _ in true }
  }

  /// The slowest and largest: most bytes times the time for which they have been held.
  private func worst(now: NIODeadline, _ isMeant: (Claim) -> Bool) -> ID? {
    var worst: (id: ID, cost: Double)?
    for (id, claim) in claims where isMeant(claim) && claim.bytes > 0 {
      let held = (now - claim.since).nanoseconds
      let cost = Double(claim.bytes) * Double(max(held, 1))
      // Of two alike the later one: the order of a dictionary decides nothing.
      if let known = worst, cost < known.cost || cost == known.cost && id < known.id { continue }
      worst = (id, cost)
    }
    return worst?.id
  }

  private mutating func count(_ bytes: Int, of peer: PeerAddress) {
    held += bytes
    let now = byPeer[peer, default: 0] + bytes
    byPeer[peer] = now == 0 ? nil : now
  }
}
