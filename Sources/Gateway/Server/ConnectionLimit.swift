import NIOCore
import Synchronization

/// How many connections there may be, and which one goes when there is one too many: the longest
/// idle one, and before all others one of an address that has more than half of them. So nobody
/// holds them all by opening them and being silent.
final class ConnectionLimit: Sendable {
  /// Connections beyond the limit that are open while it is found out who goes.
  private static let surplusMax = 16

  private let counters: GatewayCounters
  private let loops: [NIOLoopBoundBox<AcceptLoop>]
  /// Short: asked when a connection opens and when it closes.
  private let byPeer = Mutex<[PeerAddress: Int]>([:])

  init(counters: GatewayCounters, loops: [NIOLoopBoundBox<AcceptLoop>]) {
    self.counters = counters
    self.loops = loops
  }

  /// False: there are far too many, close it at once. `limit` is that of the listener.
  func opened(by peer: PeerAddress, limit: Int) -> Bool {
    guard counters.openConnection(limit: limit + Self.surplusMax) else { return false }
    byPeer.withLock { $0[peer, default: 0] += 1 }
    return true
  }

  func closed(by peer: PeerAddress) {
    counters.closeConnection()
    byPeer.withLock { byPeer in
      let left = byPeer[peer, default: 1] - 1
      byPeer[peer] = left == 0 ? nil : left
    }
  }

  /// Closes one connection when there are more than `limit`. The new one may be it, when none but it
  /// is idle.
  func makeRoom(limit: Int) {
    guard counters.connections > limit else { return }
    let greedy = byPeer.withLock { $0.first { $0.value > limit / 2 }?.key }
    let idle = loops.map { loop in
      loop.eventLoop.submit { loop.value.longestIdle(of: greedy) }
    }
    guard let any = loops.first?.eventLoop else { return }
    EventLoopFuture.whenAllSucceed(idle, on: any).whenSuccess { [self] times in
      let longest = zip(loops, times).filter { $0.1 != nil }
        .min { ($0.1 ?? .distantFuture) < ($1.1 ?? .distantFuture) }
      guard let loop = longest?.0 else { return }
      loop.eventLoop.execute { loop.value.closeLongestIdle(of: greedy) }
    }
  }
}
