import Delivery
import Logging
import NIOCore

/// What all connections of both listeners share.
package struct AcceptEnvironment: Sendable {
  let services: ServiceSwitch
  let reader: EnvelopeReader
  let limits: ConnectionLimits
  let budget: ReceiveBudget
  let counters: GatewayCounters
  let clock: any Clock
  let logger: Logger
}

/// What the connections of one event loop share, and the list of them. Lives on its event loop.
final class AcceptLoop {
  let eventLoop: any EventLoop
  let environment: AcceptEnvironment
  let desk: EnqueueDesk
  var random = SystemRandomNumberGenerator()
  private var connections: [ObjectIdentifier: AcceptHandler] = [:]
  private var longestIdle = LongestIdle<ObjectIdentifier>()
  private var longestIdlePeer: PeerAddress?
  private var busy = 0
  private var drained: EventLoopPromise<Void>?
  private var dateSecond: UInt64 = .max
  private var dateLine = ""

  init(eventLoop: any EventLoop, environment: AcceptEnvironment) {
    self.eventLoop = eventLoop
    self.environment = environment
    desk = EnqueueDesk(
      eventLoop: eventLoop, budget: environment.budget,
      roomTimeout: environment.limits.roomTimeout)
  }

  /// Writes answers with the date of this second, which is put into text once.
  func writer(wallMs: UInt64, allocator: ByteBufferAllocator) -> AnswerWriter {
    if wallMs / 1000 != dateSecond {
      dateSecond = wallMs / 1000
      dateLine = "Date: \(Timestamps.httpDate(unixMs: wallMs))\r\n"
    }
    return AnswerWriter(allocator: allocator, dateLine: dateLine)
  }

  // MARK: Connections

  func join(_ connection: AcceptHandler) { connections[ObjectIdentifier(connection)] = connection }

  func leave(_ connection: AcceptHandler) { connections[ObjectIdentifier(connection)] = nil }

  /// Since when the connection is idle that is it longest: of all, or of those of one address.
  func longestIdle(of peer: PeerAddress?) -> NIODeadline? { findLongestIdle(of: peer)?.since }

  func closeLongestIdle(of peer: PeerAddress?) {
    guard let found = findLongestIdle(of: peer) else { return }
    connections[found.key]?.close()
  }

  private func findLongestIdle(
    of peer: PeerAddress?
  ) -> (key: ObjectIdentifier, since: NIODeadline)? {
    if peer != longestIdlePeer {
      longestIdlePeer = peer
      longestIdle = LongestIdle()
    }
    return longestIdle.find(among: connections.keys) { [connections] key in
      guard let connection = connections[key], peer == nil || connection.peer == peer else {
        return nil
      }
      return connection.idleSince
    }
  }

  func begin() { busy += 1 }

  func end() {
    busy -= 1
    guard busy == 0 else { return }
    drained?.succeed()
    drained = nil
  }

  /// Requests that have begun will be answered as before, whatever is refused from now on.
  func markBegun() {
    for connection in connections.values { connection.markBegun() }
  }

  /// Done when no request is being read or answered, or after `patience`: who has not sent all of its
  /// request by then is refused. Who waits for the store is answered when it closes.
  func whenIdle(within patience: TimeAmount) -> EventLoopFuture<Void> {
    if busy == 0 { return eventLoop.makeSucceededVoidFuture() }
    let promise = drained ?? eventLoop.makePromise()
    drained = promise
    let end = eventLoop.assumeIsolated().scheduleTask(in: patience) { [self] in
      for connection in connections.values { connection.giveUp(EnqueueRules.draining) }
      drained?.succeed()
      drained = nil
    }
    promise.futureResult.whenComplete { _ in end.cancel() }
    return promise.futureResult
  }

  func close() {
    for connection in connections.values { connection.close() }
    desk.close()
  }
}
