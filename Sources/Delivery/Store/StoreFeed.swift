import SegmentLog
import Synchronization

/// Between the log's threads and those who read from the store: what has just become durable, as
/// events for the one reader and as bodies at hand.
///
/// Two `Mutex`es, each held for moments: the writer's thread appends a commit, the others take.
final class StoreFeed: Sendable {
  private struct Events {
    var window: EventWindow
    var reader: CheckedContinuation<[StoreEvent], Never>?
    var isClosed = false
  }

  private let clock: any Clock
  private let events: Mutex<Events>
  private let bodies: Mutex<BodyCache>

  init(arrivalWindow: Int, bodies limits: BodyCache.Limits, clock: any Clock) {
    self.clock = clock
    events = Mutex(
      Events(window: EventWindow(limit: arrivalWindow, grant: SegmentLogStore.grant)))
    bodies = Mutex(BodyCache(limits: limits))
  }

  /// What waits from before the start, and the grant.
  func begin(_ backlog: [DestinationBacklog]) {
    tell { window in
      for destination in backlog {
        // The log doesn't know which of them have limits of their own.
        window.more(
          Origin(normalised: destination.origin), from: destination.firstSequence, ownExpiryMs: 0)
      }
    }
  }

  /// On the writer's thread, before anyone is answered.
  func committed(_ arrivals: [LogArrival], atMs: UInt64) {
    bodies.withLock { cache in
      for arrival in arrivals { cache.append(arrival.sequence, arrival.record) }
    }
    let entries = arrivals.map { PendingEntry($0, committedAtMs: atMs, clock) }
    tell { $0.arrived(entries) }
  }

  /// On the writer's thread.
  func spaceIs(_ level: SpaceLevel) { tell { $0.scarcity(level == .scarce) } }

  /// Waits for something to tell; empty when the store is closed or the task is cancelled.
  func nextEvents() async -> [StoreEvent] {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now: [StoreEvent]? = events.withLock { events in
          precondition(events.reader == nil, "a store has one reader of its events")
          if events.isClosed || Task.isCancelled { return [] }
          if !events.window.isEmpty { return events.window.take(nowMs: clock.logMs()) }
          events.reader = continuation
          return nil
        }
        if let now { continuation.resume(returning: now) }
      }
    } onCancel: {
      releaseReader(closing: false)
    }
  }

  func close() { releaseReader(closing: true) }

  /// Those that are at hand, nil elsewhere.
  func cached(_ refs: [MessageRef]) -> [NewRecord?] {
    bodies.withLock { cache in refs.map { cache[$0.number] } }
  }

  /// Their messages have ended.
  func forget(_ refs: [MessageRef]) {
    bodies.withLock { cache in
      for ref in refs { cache.remove(ref.number) }
    }
  }

  private func tell(_ change: (inout EventWindow) -> Void) {
    let told = events.withLock { events in
      change(&events.window)
      guard let reader = events.reader, !events.window.isEmpty else {
        return nil as (CheckedContinuation<[StoreEvent], Never>, [StoreEvent])?
      }
      events.reader = nil
      return (reader, events.window.take(nowMs: clock.logMs()))
    }
    if let (reader, news) = told { reader.resume(returning: news) }
  }

  private func releaseReader(closing: Bool) {
    let reader = events.withLock { events in
      if closing { events.isClosed = true }
      defer { events.reader = nil }
      return events.reader
    }
    reader?.resume(returning: [])
  }
}
